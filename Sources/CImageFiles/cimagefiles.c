#include "cimagefiles.h"
