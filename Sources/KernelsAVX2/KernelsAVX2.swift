import CKernels

@c @implementation
public func gln_kernels_avx2(_ table: UnsafeMutablePointer<gln_kernel_table>?) {}
