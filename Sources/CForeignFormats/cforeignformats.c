#include "cforeignformats.h"
