import CKernels

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func gln_kernels_avx512(_ table: UnsafeMutablePointer<gln_kernel_table>?) {
  guard let table else { return }
  fillKernelTable(&table.pointee)
}
