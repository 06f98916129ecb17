#!/bin/sh
# Regenerates the protobuf-c code from googlenet.proto (protoc-c of Debian's protobuf-c-compiler).
set -eu
cd "$(dirname "$0")"
protoc-c --proto_path=../../Sources/GoogLeNet/Model --c_out=. googlenet.proto
mkdir -p include
mv googlenet.pb-c.h include/
