"""Builds C++ from .proto files with the system protoc and grpc_cpp_plugin."""

load("@rules_cc//cc:defs.bzl", "cc_library")

# Package golang-github-gogo-googleapis-dev: google/api and google/rpc as plain .proto files.
GOOGLEAPIS = "/usr/share/gocode/src/github.com/gogo/googleapis"

_PROTOC = "protoc --experimental_allow_proto3_optional -Iproto -I" + GOOGLEAPIS + " -I/usr/include"

def cc_protos(name, srcs, grpc = False, deps = [], visibility = None):
    """A C++ library of generated messages and, with grpc, of stubs.

    Args:
      name: the library.
      srcs: .proto files of this package.
      grpc: whether the files define services.
      deps: other cc_protos libraries whose files are imported.
      visibility: as everywhere.
    """
    bases = [src[:-len(".proto")] for src in srcs]
    headers = [base + ".pb.h" for base in bases]
    sources = [base + ".pb.cc" for base in bases]
    command = _PROTOC + " --cpp_out=$(GENDIR)/proto"
    if grpc:
        headers += [base + ".grpc.pb.h" for base in bases]
        sources += [base + ".grpc.pb.cc" for base in bases]
        command += " --grpc_out=$(GENDIR)/proto --plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin"
    native.filegroup(
        name = name + "_srcs",
        srcs = srcs + [dep + "_srcs" for dep in deps],
        visibility = visibility,
    )
    native.genrule(
        name = name + "_gen",
        srcs = [":" + name + "_srcs"],
        outs = headers + sources,
        cmd = command + " " + " ".join([native.package_name() + "/" + src for src in srcs]),
    )
    cc_library(
        name = name,
        srcs = sources,
        hdrs = headers,
        copts = ["-w"],
        deps = deps + [
            "//proto:include_root",
            "//third_party/googleapis",
            "//third_party/system:grpc" if grpc else "//third_party/system:protobuf",
        ],
        visibility = visibility,
    )
