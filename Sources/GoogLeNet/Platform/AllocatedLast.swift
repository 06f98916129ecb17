/// For classes whose making can fail. Embedded Swift never frees the instance of a class initializer that throws, since
/// the instance is allocated first; an initializer in an extension of a protocol can do what may fail before that.
public protocol AllocatedLast {}
