/* dlclose with live sessions, whose threads go on running the library's code: argv[1] the shared library, argv[2] a model. */
#include <googlenet.h>

#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

static void *open_library(const char *path, const char *name, void *function)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    *(void **)function = library == NULL ? NULL : dlsym(library, name);
    return library;
}

int main(int count, char **arguments)
{
    const struct timespec while_workers_spin = {0, 1000000}, until_they_sleep = {0, 400000000};
    int round;
    for (round = 0; count == 3 && round < 20; round++) {
        gln_status (*load)(const char *, gln_model **);
        gln_status (*create_options)(gln_session_options **);
        gln_status (*set_threads)(gln_session_options *, int32_t);
        gln_status (*create)(const gln_model *, const gln_session_options *, gln_session **);
        gln_status (*classify)(gln_session *, const gln_image *, gln_prediction *, size_t, size_t *);
        static unsigned char pixels[32 * 32 * 3];
        const gln_image image = {pixels, 32, 32, 0, GLN_PIXEL_RGB};
        gln_prediction best;
        gln_session_options *options = NULL;
        gln_session *session = NULL;
        gln_model *model = NULL;
        void *library = open_library(arguments[1], "gln_model_load_file", &load);
        dlclose(open_library(arguments[1], "gln_session_options_create", &create_options));
        dlclose(open_library(arguments[1], "gln_session_options_set_threads", &set_threads));
        dlclose(open_library(arguments[1], "gln_session_create", &create));
        dlclose(open_library(arguments[1], "gln_session_classify", &classify));
        if (load(arguments[2], &model) != GLN_OK || create_options(&options) != GLN_OK ||
            set_threads(options, 2) != GLN_OK || create(model, options, &session) != GLN_OK ||
            classify(session, &image, &best, 1, NULL) != GLN_OK)
            break;
        dlclose(library);
        nanosleep(&while_workers_spin, NULL);
    }
    nanosleep(&until_they_sleep, NULL);
    printf("%d passed, %d failed, 0 skipped\n", round == 20, round != 20);
    return round != 20;
}
