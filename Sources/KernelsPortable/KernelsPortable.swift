import CKernels

@c @implementation
public func gln_kernels_portable(_ table: UnsafeMutablePointer<gln_kernel_table>?) {}
