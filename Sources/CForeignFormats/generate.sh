#!/bin/sh
# Regenerates the protobuf-c code from caffe.proto, onnx.proto and tensorflow.proto (protoc-c of Debian's protobuf-c-compiler).
set -eu
cd "$(dirname "$0")"
mkdir -p include
for format in caffe onnx tensorflow; do
    protoc-c --c_out=. "$format.proto"
    mv "$format.pb-c.h" include/
done
