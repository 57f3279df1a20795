"""RUM reports for black-box tests, written after docs/reference/formats.md in the v2 form."""

import json


def payload(serial, tag, report_id, measurements, product_id="QM-TEST-1", ha=()):
    """measurements: (start, end, count) in Unix seconds."""
    return {
        "version": "2.0",
        "asset_identification": {
            "report_id": report_id,
            "asset": {"name": "regid.2026-01.example.test,1.0_asset"},
            "instance": {"sudi": {"udi_pid": product_id, "udi_serial_number": serial}},
        },
        "signature": {"signing_type": "builtin", "key": "regid.2026-01.example.test", "value": ""},
        "meta": {
            "entitlement_tag": tag,
            "utility_enabled": False,
            "software_version": "17.09.04",
            "ha_udi": [
                {"role": role, "sudi": {"udi_pid": product_id, "udi_serial_number": member}} for role, member in ha
            ],
        },
        "measurements": [
            {
                "log_time": end,
                "metric_name": "ENTITLEMENT",
                "start_time": start,
                "end_time": end,
                "sample_interval": end - start,
                "num_samples": max(1, (end - start) // 900),
                "meta": {"removed_sudi_list": [], "added_sudi_list": []},
                "value": {"type": "COUNT", "value": str(count)},
            }
            for start, end, count in measurements
        ],
    }


def report(serial, tag, report_id, measurements, **options) -> str:
    text = json.dumps(payload(serial, tag, report_id, measurements, **options), separators=(",", ":"))
    sudi = {"udi_pid": options.get("product_id", "QM-TEST-1"), "udi_serial_number": serial}
    outer = {
        "payload": text,
        "signature": {
            "sudi": sudi,
            "signing_type": "builtin",
            "key": "regid.2026-01.example.test",
            "value": "Tq2qxHTui7/n675clT/uT0Ih1SjIysZbe5LjQ212nCg=",
        },
    }
    return f"<RUMReport><![CDATA[{json.dumps(outer, separators=(',', ':'))}]]></RUMReport>"


def usage_file(reports) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n<smartLicense>\n' + "\n".join(reports) + "\n</smartLicense>\n"
