"""The wire contract against the last release (proto/released.binpb): nothing may be taken away.

A message, field, enum value, service or method that was released keeps its name, number, type,
label and, for methods, its request, response and streaming. `--release` writes the present
contract as the released one.
"""

import pathlib
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

RELEASED = pathlib.Path("proto/released.binpb")
GOOGLEAPIS = "/usr/share/gocode/src/github.com/gogo/googleapis"


def present() -> bytes:
    protos = sorted(str(p.relative_to("proto")) for p in pathlib.Path("proto").rglob("*.proto"))
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(
            ["protoc", "-Iproto", f"-I{GOOGLEAPIS}", "-I/usr/include", f"--descriptor_set_out={out.name}"]
            + ["--experimental_allow_proto3_optional"]
            + protos,
            check=True,
        )
        return pathlib.Path(out.name).read_bytes()


def messages(prefix, found, out):
    for message in found:
        name = f"{prefix}.{message.name}"
        for field in message.field:
            out[f"field {name} = {field.number}"] = (field.name, field.type, field.type_name, field.label)
        for enum in message.enum_type:
            enums(name, [enum], out)
        messages(name, message.nested_type, out)


def enums(prefix, found, out):
    for enum in found:
        for value in enum.value:
            out[f"enum value {prefix}.{enum.name} = {value.number}"] = value.name


def contract(data: bytes) -> dict:
    files = descriptor_pb2.FileDescriptorSet.FromString(data)
    out = {}
    for file in files.file:
        messages(file.package, file.message_type, out)
        enums(file.package, file.enum_type, out)
        for service in file.service:
            for method in service.method:
                out[f"method {file.package}.{service.name}/{method.name}"] = (
                    method.input_type,
                    method.output_type,
                    method.client_streaming,
                    method.server_streaming,
                )
    return out


def main() -> int:
    now = present()
    if "--release" in sys.argv:
        RELEASED.write_bytes(now)
        return 0
    before, after = contract(RELEASED.read_bytes()), contract(now)
    broken = [f"{what}: released {was}, now {after.get(what)}" for what, was in before.items() if after.get(what) != was]
    print("\n".join(broken))
    return 1 if broken or not before else 0


if __name__ == "__main__":
    sys.exit(main())
