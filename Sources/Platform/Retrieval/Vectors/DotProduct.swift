/// Dot products of one query with many vectors, in SIMD types that every processor of the architecture has.
enum DotProduct {
    /// Numbers that a step takes; vectors are padded with zeros to a multiple.
    static let stride = 16
    /// The largest code: eight products of two such codes fit into 16 bits, so that sums are widened only every eighth step.
    static let codeMax: Float = 63

    private static let stepsBetweenWidening = 8

    /// Of codes in 8 bits and a query's codes in 16.
    ///
    /// - Parameters:
    ///   - codes: `length` codes of 8 bits, −63 to 63.
    ///   - query: `length` codes of 16 bits, −63 to 63.
    ///   - length: a multiple of ``stride``.
    /// - Returns: the exact sum of products.
    @inline(__always)
    static func ofCodes(_ codes: UnsafeRawPointer, _ query: UnsafeRawPointer, length: Int) -> Int32 {
        var total = SIMD8<Int32>()
        var place = 0
        while place < length {
            var sum = SIMD16<Int16>()
            let end = min(place + stride * stepsBetweenWidening, length)
            while place < end {
                let code = SIMD16<Int16>(
                    truncatingIfNeeded: codes.loadUnaligned(fromByteOffset: place, as: SIMD16<Int8>.self))
                sum = sum &+ code &* query.loadUnaligned(fromByteOffset: place * 2, as: SIMD16<Int16>.self)
                place += stride
            }
            total =
                total &+ SIMD8<Int32>(truncatingIfNeeded: sum.lowHalf)
                &+ SIMD8<Int32>(truncatingIfNeeded: sum.highHalf)
        }
        return total.wrappedSum()
    }

    /// Of two vectors of one length.
    static func of(_ left: [Float], _ right: [Float]) -> Float {
        precondition(left.count == right.count, "vectors of \(left.count) and \(right.count) numbers have no product")
        return left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                var total = SIMD8<Float>()
                let count = left.count / 4
                var place = 0
                while place + 8 <= count {
                    total +=
                        left.loadUnaligned(fromByteOffset: place * 4, as: SIMD8<Float>.self)
                        * right.loadUnaligned(fromByteOffset: place * 4, as: SIMD8<Float>.self)
                    place += 8
                }
                var sum = total.sum()
                while place < count {
                    sum +=
                        left.loadUnaligned(fromByteOffset: place * 4, as: Float.self)
                        * right.loadUnaligned(fromByteOffset: place * 4, as: Float.self)
                    place += 1
                }
                return sum
            }
        }
    }
}
