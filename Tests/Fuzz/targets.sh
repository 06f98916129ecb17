# What run.sh and keep.sh know of the fuzz targets; read by them with `.`, from the repository's root.
targets=(Model Network CABI Caffe CaffeMean Prototxt ONNX Pickle Zip Safetensors Keras HDF5 NumPy TensorFlow SavedModel
  TFLite Picture)
scratch=.build-fuzz
# libFuzzer and AddressSanitizer say where it was; Swift's own backtrace of an instrumented program takes minutes.
export SWIFT_BACKTRACE=enable=no

build_targets() {
  local target
  for target in "$@"; do GLN_FUZZ=1 swift build --scratch-path "$scratch" --product "${target}Fuzzer"; done
}

# The inputs that a target's own code makes, and pictures: write_seeds TARGET FOLDER.
write_seeds() {
  "$scratch/debug/$1Fuzzer" --seeds "$2"
  [ "$1" != Picture ] || cp Tests/ImageFilesTests/Fixtures/*.{png,jpg} "$2"
}

# The inputs that are committed: unpack_kept TARGET FOLDER.
unpack_kept() {
  local archive=Tests/Fuzz/Corpora/$1.tar.gz
  [ ! -f "$archive" ] || tar --extract --file "$archive" --directory "$2"
}

# run_target TARGET LIBFUZZER'S-ARGUMENT...; what fails is written beside the corpora.
run_target() {
  local target=$1 length=4096
  shift
  case $target in
  Model | TFLite) length=32768 ;;
  TensorFlow | HDF5) length=65536 ;;
  SavedModel) length=131072 ;;
  esac
  # libhdf5 is told of a lack of memory, not ended by it.
  [ "$target" != HDF5 ] || local -x ASAN_OPTIONS=allocator_may_return_null=1
  "$scratch/debug/${target}Fuzzer" -rss_limit_mb=2048 -timeout=10 -max_len=$length \
    -artifact_prefix="${RUNS:-.fuzz}/$target/failures/" "$@"
}
