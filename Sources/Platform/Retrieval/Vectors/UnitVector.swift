/// A vector of length 1, and the form in which it is stored.
struct UnitVector: Sendable, Hashable {
    let numbers: [Float]

    /// Brings a vector to length 1; one of zeros stays as it is and is near to nothing.
    init(_ numbers: [Float]) {
        let norm = DotProduct.of(numbers, numbers).squareRoot()
        self.numbers = norm > 0 && norm.isFinite ? numbers.map { $0 / norm } : numbers.map { _ in 0 }
    }

    /// Reads what ``bytes`` wrote; `nil` for another number of bytes.
    init?(stored bytes: [UInt8], dimensions: Int) {
        guard bytes.count == dimensions * 4 else { return nil }
        numbers = bytes.withUnsafeBytes { bytes in
            (0..<dimensions).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
            }
        }
    }

    /// The numbers as 32 bits each, little-endian.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count * 4)
        for number in numbers {
            withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// The cosine of the angle between two.
    func similarity(to other: UnitVector) -> Float { DotProduct.of(numbers, other.numbers) }
}
