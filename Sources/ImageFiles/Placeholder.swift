import GoogLeNet
