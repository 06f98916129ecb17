// The header from C++: it compiles, its functions have C linkage, and its types behave.
#include <googlenet.h>

#include <googlenet.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <type_traits>

static_assert(std::is_standard_layout<gln_image>::value, "gln_image crosses the C ABI");
static_assert(std::is_standard_layout<gln_layer_info>::value, "gln_layer_info crosses the C ABI");
static_assert(sizeof(gln_status) == 4 && sizeof(gln_pixel_format) == 4, "enumerations are 32 bits wide");

extern "C" {
static void *no_memory(void *, std::size_t, std::size_t) { return nullptr; }
static void no_release(void *, void *, std::size_t) {}
}

int main()
{
    int passed = 0, failed = 0;
    auto check = [&](bool holds, const char *name) {
        holds ? passed++ : failed++;
        if (!holds)
            std::printf("  FAILED %s\n", name);
    };
    gln_session_options *made = nullptr;
    check(gln_check_abi(GLN_ABI_VERSION) == GLN_OK, "ABI");
    check(gln_session_options_create(&made) == GLN_OK, "options");
    std::unique_ptr<gln_session_options, decltype(&gln_session_options_free)> options(made, gln_session_options_free);
    check(gln_session_options_set_allocator(options.get(), no_memory, no_release, nullptr) == GLN_OK, "allocator");
    gln_layer_info layer = GLN_LAYER_INFO_INIT;
    gln_session_memory_info memory = GLN_SESSION_MEMORY_INFO_INIT;
    gln_preprocessing preprocessing = GLN_PREPROCESSING_INIT;
    check(layer.struct_size == sizeof layer && memory.struct_size == sizeof memory &&
              preprocessing.struct_size == sizeof preprocessing,
          "initializers");
    gln_model *model = nullptr;
    check(gln_model_load_memory("", 0, GLN_MEMORY_COPY, &model) == GLN_INVALID_MODEL && !model, "no bytes");
    check(std::strlen(gln_last_error_message()) > 0, "message");
    std::printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
