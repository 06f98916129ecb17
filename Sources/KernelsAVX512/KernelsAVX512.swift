import CKernels

@c @implementation
public func gln_kernels_avx512(_ table: UnsafeMutablePointer<gln_kernel_table>?) {}
