import CKernels

/// The AVX-VNNI kernels in the encoding of AVX-512 VNNI (256 bits wide), for testing on CPUs that have only that.
@inline(never)
public func fillTableWithEVEXKernels(_ table: inout gln_kernel_table) {
  fillIntegerConvolutions(&table)
}
