#!/usr/bin/env bash
# Fuzzes the readers of outside bytes, each target for the given time:
#
#   tests/fuzz/run.sh SECONDS [TARGET…]
#
# Builds only what the targets need, with clang's libFuzzer and AddressSanitizer, outside of the
# tree; inputs that found something new are kept there for the next run. Prints how often each
# target ran. A crash is a failure: its input is kept, and its name printed.
set -euo pipefail

if [ $# -lt 1 ] || ! [[ $1 =~ ^[0-9]+$ ]]; then
  echo "usage: $0 SECONDS [TARGET…]" >&2
  exit 2
fi
readonly time_s=$1
shift
repo=$(cd "$(dirname "$0")/../.." && pwd)
readonly repo
readonly build=${XDG_CACHE_HOME:-$HOME/.cache}/quartermaster/fuzz
readonly compiler=${FUZZ_CXX:-clang++-14}
readonly parallel_max=2
targets=(fuzz_report_parser fuzz_document_reader fuzz_digest fuzz_request_target fuzz_certificate
  fuzz_certificate_request fuzz_acknowledgement_file fuzz_row_file fuzz_authorization)
[ $# -eq 0 ] || targets=("$@")

if ! command -v "$compiler" >/dev/null; then
  echo "$0: got no $compiler, want the packages clang-14 and libfuzzer-14-dev" >&2
  exit 1
fi

readonly sources=(
  clients/connection/client_errors.cc
  clients/qmctl/input/csv_reader.cc
  clients/qmctl/input/row_file.cc
  services/common/crypto/acknowledgement_file.cc
  services/common/crypto/acknowledgement_payload.cc
  services/common/crypto/acknowledgement_xml.cc
  services/common/crypto/authorization_file.cc
  services/common/crypto/authorization_payload.cc
  services/common/crypto/authorization_proof.cc
  services/common/crypto/certificate.cc
  services/common/crypto/certificate_authority.cc
  services/common/crypto/certificate_bundle.cc
  services/common/crypto/certificate_chain.cc
  services/common/crypto/certificate_request.cc
  services/common/crypto/crypto_errors.cc
  services/common/crypto/encoding.cc
  services/common/crypto/signature.cc
  services/common/errors/error.cc
  services/common/policy/reporting_policy.cc
  services/common/text/xml_texts.cc
  services/common/usage/digest.cc
  services/gateway/domain/request_target.cc
  services/gateway/gateway_errors.cc
  services/ingest/domain/document_reader.cc
  services/ingest/domain/ingest_errors.cc
  services/ingest/domain/json_cutter.cc
  services/ingest/domain/json_fault.cc
  services/ingest/domain/json_fields.cc
  services/ingest/domain/measurement_fields.cc
  services/ingest/domain/plain_report.cc
  services/ingest/domain/report.cc
  services/ingest/domain/report_digest.cc
  services/ingest/domain/report_parser.cc
  services/ingest/domain/system_info.cc
  services/ingest/domain/udi_fields.cc
  services/ingest/domain/xml_cutter.cc
  services/ledger/domain/authorization_request_file.cc
  services/ledger/domain/ledger_errors.cc
)
readonly digest_proto=quartermaster/ingest/v1/digest.proto
readonly flags=(-std=c++20 -O1 -g -fno-omit-frame-pointer "-fsanitize=fuzzer-no-link,address"
  -I. -I"$build/proto")
# All shared objects; --as-needed drops what a target does not use.
readonly libraries=("-Wl,--as-needed" -lsimdjson -lexpat -lcrypto -lprotobuf -labsl_statusor
  -labsl_status -labsl_cord -labsl_cord_internal -labsl_str_format_internal -labsl_strings
  -labsl_strings_internal -labsl_raw_logging_internal -labsl_synchronization -labsl_time -labsl_civil_time -labsl_time_zone -labsl_throw_delegate -labsl_base -lpthread)

# Whether an object was made from files (this one too, for its flags) of the content that they have
# now: the objects of another clone serve as well, what was built from another content does not,
# however new it is.
is_fresh() {
  [ -f "$1" ] && sha256sum --check --status "${1%.o}.sums" 2>/dev/null
}

# In a process of its own, from the top of the tree, so that what it notes names no clone.
compile() {
  local source=$1 object=$2
  is_fresh "$object" && return 0
  mkdir -p "$(dirname "$object")"
  rm -f "${object%.o}.sums"
  # Under a name of its own first: one that outlives an interrupted run does not end up in the next.
  "$compiler" "${flags[@]}" -MMD -MF "${object%.o}.d" -c "$source" -o "$object.$BASHPID"
  mv "$object.$BASHPID" "$object"
  sed -e 's/^[^:]*://' -e 's/\\$//' "${object%.o}.d" | xargs sha256sum tests/fuzz/run.sh >"${object%.o}.sums"
}

pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done' EXIT

# Jobs run in the background, at most parallel_max at once. `failed` says whether one has failed.
running=0
failed=0
wait_for_one() {
  wait -n || failed=1
  running=$((running - 1))
}
# Before each `job &`, which is followed by `started $!`.
wait_for_slot() {
  while [ "$running" -ge "$parallel_max" ]; do wait_for_one; done
}
started() {
  pids+=("$1")
  running=$((running + 1))
}
wait_for_all() {
  while [ "$running" -gt 0 ]; do wait_for_one; done
  pids=()
}

# Where a target's file is: beside the others, or with what it reads.
source_of() {
  local place
  for place in tests/fuzz services/common/crypto; do
    [ -f "$repo/$place/$1.cc" ] || continue
    echo "$place/$1"
    return
  done
  echo "$0: got no target $1" >&2
  exit 2
}

build_targets() {
  local source target object objects=()
  mkdir -p "$build/proto"
  protoc -Iproto --cpp_out="$build/proto" "$digest_proto"
  for source in "${sources[@]}" "$build/proto/${digest_proto%.proto}.pb.cc" \
    $(for target in "${targets[@]}"; do echo "$(source_of "$target").cc"; done); do
    object=$build/objects/${source#"$build/"}
    object=${object%.cc}.o
    case $source in */fuzz_*) ;; *) objects+=("$object") ;; esac
    wait_for_slot
    compile "$source" "$object" &
    started $!
  done
  wait_for_all
  [ "$failed" -eq 0 ] || exit 1
  for target in "${targets[@]}"; do
    wait_for_slot
    "$compiler" "-fsanitize=fuzzer,address" "$build/objects/$(source_of "$target").o" \
      "${objects[@]}" "${libraries[@]}" -o "$build/$target" &
    started $!
  done
  wait_for_all
  [ "$failed" -eq 0 ] || exit 1
}

# The fixtures as each target wants them.
make_seeds() {
  local file name seeds=$build/seeds
  rm -rf "$seeds"
  mkdir -p "$seeds"/fuzz_{report_parser,document_reader,digest,request_target,certificate,certificate_request,acknowledgement_file,row_file,authorization}
  printf '/quartermaster/v1/usage/12-3?pageSize=10&name=a%%20b+c' >"$seeds/fuzz_request_target/list"
  # The fixtures in the header are the seeds of the certificates' target.
  sed -n '/-----BEGIN/,/-----END/p' "$repo/services/common/crypto/certificate_fixtures.h" |
    sed 's/.*-----BEGIN/-----BEGIN/' >"$seeds/fuzz_certificate/bundle"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -sha256 \
    -subj '/serialNumber=PID:P SN:S' -out "$seeds/fuzz_certificate_request/pem" 2>/dev/null
  openssl req -in "$seeds/fuzz_certificate_request/pem" -outform DER -out "$seeds/fuzz_certificate_request/der"
  printf '<smartLicense><smartLicenseRumAck><data>{}</data></smartLicenseRumAck></smartLicense>' \
    >"$seeds/fuzz_acknowledgement_file/empty"
  printf '%s\r\n' 'entitlement_id,virtual_account,quantity,term,start,end,substitutes_for,known' \
    'E1,"Branches, north",5,perpetual,2026-01-01,,"a; b",true' \
    'E2,"say ""no""",x,weekly,2026-01-01T06:00:00+02:00,2026-12-31,,perhaps' >"$seeds/fuzz_row_file/csv"
  printf '%s' '{"entitlements":[{"entitlement_id":"E1","quantity":5,"term":null,"known":false,' \
    '"substitutes_for":["a"]},{"entitlement_id":"E2","quantity":18446744073709551615,"end":{"a":[1.5]}}]}' \
    >"$seeds/fuzz_row_file/json"
  # A request, and a code of each shape past its signature.
  printf '%s' '<smartLicense><smartLicenseAuthRequest><data>[{"keys":[{"entitlement":"t","count":"1"}],"sudi":' \
    '{"udi_pid":"P","udi_serial_number":"S"},"confirm_code":"A","remove_code":null}]</data>' \
    '</smartLicenseAuthRequest></smartLicense>' >"$seeds/fuzz_authorization/request"
  printf '%s%064d%s' '{"version":"1.0","udi":{"udi_pid":"C8500","udi_serial_number":"JAE1"},"authorization_id":7,"sequence":9,' \
    0 '","x":1}' | sed 's/,\(0*\)"/,"entitlements":[{"entitlement_tag":"t","count":2,"start":1,"end":null,"display_name":""}],"nonce":"\1"/' \
    >"$seeds/fuzz_authorization/payload"
  printf '%s%064d%s%s%s' '<authorizationCode><flag>A</flag><version>C</version><piid>7-' 0 '</piid><timestamp>9000</timestamp>' \
    '<entitlements><entitlement><tag>t</tag><count>2</count><startDate>2026-01-01T00:00:00Z</startDate><endDate/>' \
    '</entitlement></entitlements></authorizationCode>' >"$seeds/fuzz_authorization/reservation"
  # A device's word about itself, well-formed and not.
  printf '%s' '<smartLicense><smartLicenseSystemInfo><data>{"sudi":{"udi_pid":"P","udi_serial_number":"S"},' \
    '"hostname":"edge-1"}</data></smartLicenseSystemInfo><smartLicenseSystemInfo><data>{"hostname":7' \
    '</data></smartLicenseSystemInfo></smartLicense>' >"$seeds/fuzz_document_reader/system_info"
  while IFS= read -r file; do
    name=$(basename "$file")
    cp "$file" "$seeds/fuzz_document_reader/$name"
    # The text of each report: what stands in CDATA, or a line of JSON.
    tr '\n' ' ' <"$file" | sed 's/<!\[CDATA\[/\n/g' | sed -n 's/\]\]>.*//p' |
      split -l 1 - "$seeds/fuzz_report_parser/$name."
    case $name in *.json | *.jsonl) split -l 1 "$file" "$seeds/fuzz_report_parser/$name." ;; esac
  done < <(find "$repo/tests/fixtures/rum" -type f ! -name BUILD.bazel ! -name README.md)
  # One measurement; two with flags; a member of an HA set.
  printf '\x0a\x05\x80\xe4\x9c\xd4\x06\x12\x03\x80\xc6\x0a\x1a\x01\x03' >"$seeds/fuzz_digest/one"
  printf '\x0a\x02\x14\x14\x12\x02\x14\x14\x1a\x02\x01\x02\x22\x02\x04\x0c' >"$seeds/fuzz_digest/two"
  printf '\x2a\x031.2\x32\x0a\x0a\x01P\x12\x01S\x1a\x02\x41\x63\x38\x07' >"$seeds/fuzz_digest/ha"
}

# In a process of its own.
fuzz() {
  local target=$1
  local log=$build/logs/$target.log
  mkdir -p "$build/logs" "$build/corpus/$target" "$build/crashes"
  exec "$build/$target" -max_total_time="$time_s" -max_len=8192 -timeout=10 -rss_limit_mb=1024 \
    -dict="$repo/tests/fuzz/rum.dict" -print_final_stats=1 \
    -artifact_prefix="$build/crashes/$target-" \
    "$build/corpus/$target" "$build/seeds/$target" >"$log" 2>&1
}

cd "$repo"
build_targets
make_seeds
for target in "${targets[@]}"; do
  wait_for_slot
  fuzz "$target" &
  started $!
done
wait_for_all

for target in "${targets[@]}"; do
  log=$build/logs/$target.log
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
  printf '%-22s %12s executions in %s s\n' "$target" "${runs:-0}" "$time_s"
  if [ -z "$runs" ] || grep -qE 'ERROR: |SUMMARY: ' "$log"; then
    failed=1
    grep -E 'does not hold|ERROR: |SUMMARY: |Test unit written to' "$log" >&2 || tail -n 20 "$log" >&2
  fi
done
[ "$failed" -eq 0 ] || echo "fuzzing failed; inputs are kept in $build/crashes" >&2
exit "$failed"
