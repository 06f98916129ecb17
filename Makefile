# make               builds dist/: include, lib (shared, static, pkg-config, CMake), bin/googlenet
# make demo          installs what is missing, builds, classifies a picture from C, from Python and with the tool
# make test          builds and runs every test
# make test-asan     runs the C tests and the Swift tests with AddressSanitizer and UndefinedBehaviorSanitizer
# make test-tsan     the same of the core with ThreadSanitizer
# make test-frameworks  makes trained files with TensorFlow and others, and checks that they convert and agree
# make bench         compares speed and memory with OpenVINO, ONNX Runtime and ncnn: MODEL=trained file, BENCH=options
# make bench-kernels  times each kernel of each tier alone, against the portable tier's and the CPU's peak
# make fuzz          fuzzes the readers of files, the engine and the C functions, each for SECONDS=600; see Tests/Fuzz/run.sh
# make install       what make built, to PREFIX=/usr/local, libraries to LIBDIR=PREFIX/lib, all below DESTDIR for packagers
# make uninstall     removes it again, given the same variables
# make model         makes models/clothing.gln anew: CHECKPOINT=clothing.pt PHOTOS=folder of the test photos
# make clean
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INSTALL ?= install
SWIFT ?= swift
CC ?= cc

header := include/googlenet.h
define version_part
$(shell sed -n 's/^#define GLN_$(1) //p' $(header))
endef
version := $(call version_part,VERSION_MAJOR).$(call version_part,VERSION_MINOR).$(call version_part,VERSION_PATCH)
soname := libgooglenet.so.$(call version_part,ABI_VERSION)

# The core as Embedded Swift, the form in which the library ships; see Package.swift.
embedded := .build-embedded
objects := $(embedded)/release/GoogLeNet.product/Objects.LinkFileList
unstripped := $(embedded)/libgooglenet.so
tool := .build/release/googlenet
shared_library := dist/lib/libgooglenet.so.$(version)
static_library := dist/lib/libgooglenet.a
package_files := dist/lib/pkgconfig/googlenet.pc dist/lib/cmake/googlenet/googlenet-config.cmake \
  dist/lib/cmake/googlenet/googlenet-config-version.cmake

.PHONY: all library tool demo test test-asan test-tsan test-frameworks check-library bench bench-kernels load-speed fuzz install uninstall model \
  clean FORCE
all: library tool
library: $(shared_library) $(static_library) dist/include/googlenet.h $(package_files)
tool: dist/bin/googlenet

# SwiftPM knows what is out of date, and leaves what is not as it was.
$(embedded)/release/libGoogLeNet.a: FORCE
	GLN_EMBEDDED=1 $(SWIFT) build -c release --scratch-path $(embedded)

$(tool): FORCE
	$(SWIFT) build -c release --static-swift-stdlib --product googlenet

# Core first: where several objects define the same weak symbol, the linker keeps the first, and that one must not need
# more than the baseline CPU.
$(embedded)/objects: $(embedded)/release/libGoogLeNet.a
	grep -v '/Kernels[^/]*\.build/' $(objects) > $@
	grep '/KernelsPortable\.build/' $(objects) >> $@
	grep '/Kernels[^/]*\.build/' $(objects) | grep -v '/KernelsPortable\.build/' >> $@
	ls $(unicode_tables) 2> /dev/null >> $@ || true

# What the Embedded standard library needs for strings as keys, where the toolchain has it.
unicode_tables = $$($(SWIFT)c -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')/embedded/$$($(SWIFT)c -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)".*/\1/p')/libswiftUnicodeDataTables.a

# Swift's allocations go through Sources/CPlatform/reserve.c. The C code's own frees do, too.
wrap := --wrap=posix_memalign --wrap=free

# The functions that the header declares, and only they, are exported.
$(embedded)/exports: $(header)
	mkdir -p $(@D)
	sed -n 's/^GLN_API .*\(gln_[a-z0-9_]*\)(.*/\1/p' $< | sort > $@

# nodelete: a session's threads run its code even after a host's dlclose.
$(unstripped): $(embedded)/objects $(embedded)/exports
	{ echo '{ global:'; sed 's/$$/;/' $(embedded)/exports; echo 'local: *; };'; } > $(embedded)/exports.map
	$(CC) -shared -o $@ -Wl,-z,nodelete -Wl,-soname,$(soname) -Wl,--version-script,$(embedded)/exports.map -Wl,-z,defs -Wl,-z,relro \
	  -Wl,-z,now -Wl,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed -Wl,--build-id=sha1 \
	  $(wrap:%=-Wl,%) @$(embedded)/objects -lm -lpthread -ldl

$(shared_library): $(unstripped)
	mkdir -p $(@D)
	strip --strip-all -o $@ $<
	ln -sf $(@F) dist/lib/$(soname)
	ln -sf $(soname) dist/lib/libgooglenet.so

# One object in which everything but the exports is local, so that it can stand beside another Swift runtime.
$(static_library): $(embedded)/objects $(embedded)/exports
	mkdir -p $(@D)
	ld -r --force-group-allocation $(wrap) -o $(embedded)/libgooglenet.o @$(embedded)/objects
	objcopy --keep-global-symbols=$(embedded)/exports --strip-unneeded $(embedded)/libgooglenet.o
	rm -f $@
	ar rcs $@ $(embedded)/libgooglenet.o

dist/include/googlenet.h: $(header)
	mkdir -p $(@D)
	cp $< $@

# Package files say where the header is from where the libraries are, so that all may move together: $(1) the libraries' folder,
# $(2) the header's.
fill_in = sed -e 's/@VERSION@/$(version)/' -e 's/@SONAME@/$(soname)/' -e "s|@INCLUDE@|$$(realpath -m --relative-to=$(1) $(2))|"

dist/lib/pkgconfig/%: bindings/c/%.in $(header)
	mkdir -p $(@D)
	$(call fill_in,dist/lib,dist/include) $< > $@

dist/lib/cmake/googlenet/%: bindings/c/%.in $(header)
	mkdir -p $(@D)
	$(call fill_in,dist/lib,dist/include) $< > $@

dist/bin/googlenet: $(tool)
	mkdir -p $(@D)
	strip -o $@ $<

demo:
	.ci/install-dependencies demo
	$(MAKE) all
	.ci/demo

test:
	.ci/install-dependencies test
	$(MAKE) all
	.ci/test

test-asan test-tsan: test-%:
	.ci/install-dependencies test
	Tests/sanitize.sh $*

test-frameworks: all
	.ci/test-frameworks

check-library: library
	python3 Tests/check_library.py

bench: all
	python3 Benchmarks/run.py $(if $(MODEL),--model $(MODEL)) $(BENCH)

bench-kernels:
	$(SWIFT) build --build-tests
	GLN_BENCH_KERNELS=1 $(SWIFT) test --skip-build --filter KernelBench

# How fast valid and hostile model files are loaded or refused; FILE=part of a file's name picks some.
load-speed: library
	$(CC) -std=c99 -D_XOPEN_SOURCE=700 -O2 -fno-builtin -Idist/include Tests/c/test_cost.c Tests/c/model_bytes.c \
	  Tests/c/large_models.c Tests/c/allocations.c \
	  Tests/c/check.c $(shared_library) -Wl,-rpath,$(abspath dist/lib) -o $(embedded)/load-speed
	$(embedded)/load-speed "$(FILE)"

fuzz:
	Tests/Fuzz/run.sh $(or $(SECONDS),600)

root = $(DESTDIR)$(PREFIX)
libraries = $(DESTDIR)$(LIBDIR)

# `install -d` would change the mode of folders that are there already.
install:
	@test -e dist/bin/googlenet -a -e $(static_library) || { echo "Nothing to install yet: run make first" >&2; exit 1; }
	for folder in "$(root)"/{include,bin,share/googlenet} "$(libraries)"/{pkgconfig,cmake/googlenet}; do \
	  test -d "$$folder" || $(INSTALL) -d -m 755 "$$folder"; \
	done
	$(INSTALL) -m 644 dist/include/googlenet.h "$(root)/include"
	$(INSTALL) -m 755 $(shared_library) "$(libraries)"
	ln -sf $(notdir $(shared_library)) "$(libraries)/$(soname)"
	ln -sf $(soname) "$(libraries)/libgooglenet.so"
	$(INSTALL) -m 644 $(static_library) "$(libraries)"
	for file in $(package_files:dist/lib/%=%); do \
	  $(call fill_in,"$(LIBDIR)","$(PREFIX)/include") bindings/c/$${file##*/}.in | \
	    $(INSTALL) -m 644 /dev/stdin "$(libraries)/$$file"; \
	done
	$(INSTALL) -m 755 dist/bin/googlenet "$(root)/bin"
	$(INSTALL) -m 644 models/clothing.gln models/clothing.md "$(root)/share/googlenet"

uninstall:
	rm -f "$(root)/include/googlenet.h" "$(root)/bin/googlenet" "$(libraries)/$(soname)"
	for file in $(package_files:dist/lib/%=%) $(notdir $(shared_library)) libgooglenet.so libgooglenet.a; do \
	  rm -f "$(libraries)/$$file"; \
	done
	rm -f "$(root)"/share/googlenet/clothing.{gln,md}
	for folder in "$(root)/share/googlenet" "$(libraries)/cmake/googlenet"; do \
	  test ! -d "$$folder" || rmdir --ignore-fail-on-non-empty "$$folder"; \
	done

CHECKPOINT ?= clothing.pt
PHOTOS ?= clothing_test
calibration := .build/clothing-calibration

# Calibrated with every other photo, from the first on; the card's accuracy is measured on the rest. The file is the same on
# every CPU that has AVX2.
model: tool
	rm -rf $(calibration)
	mkdir -p $(calibration)
	awk 'NR % 2 == 1 { print $$1 }' $(PHOTOS)/labels.txt | while read -r photo; do \
	  ln -s "$(abspath $(PHOTOS))/$$photo" $(calibration)/; done
	dist/bin/googlenet convert $(CHECKPOINT) --labels models/clothing.txt --name clothing -o $(calibration).gln
	dist/bin/googlenet quantize $(calibration).gln --calibration $(calibration) -o models/clothing.gln

clean:
	rm -rf dist .build .build-embedded .build-fuzz .build-asan .build-tsan .venv
