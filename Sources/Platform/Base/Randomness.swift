import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Where chance comes from.
///
/// A parameter of everything that draws, so that a seed repeats a run.
public protocol Randomness: Sendable {
    /// 64 uniformly distributed bits.
    func next() -> UInt64
}

extension Randomness {
    /// A whole number in `0..<bound`, without modulo bias (Lemire's multiplication method).
    ///
    /// `bound` must be positive.
    public func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a number below \(bound) cannot be drawn: the bound must be positive")
        var generator = Generator(source: self)
        return Int.random(in: 0..<bound, using: &generator)
    }

    /// A number in `0..<1` with 53 bits of precision.
    public func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// `count` random bytes.
    public func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 7)
        while bytes.count < count {
            withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// The same source as the standard library's generators want it, for `shuffled(using:)` and friends.
    public var generator: Generator<Self> { Generator(source: self) }
}

/// A `Randomness` as a `RandomNumberGenerator`.
public struct Generator<Source: Randomness>: RandomNumberGenerator {
    let source: Source

    /// 64 uniformly distributed bits of the source.
    public mutating func next() -> UInt64 { source.next() }
}

/// The operating system's cryptographically secure generator.
///
/// Its bits are fetched some hundreds of bytes at a time, since each call of the system costs as much as a hundred of
/// these draws; what has been handed out is wiped.
public struct SystemRandomness: Randomness {
    private static let pool = Mutex(Pool())

    /// Makes the source; all of them are the same.
    public init() {}

    /// 64 bits of the system's generator.
    public func next() -> UInt64 { Self.pool.withLock { $0.next() } }

    private struct Pool {
        private var words = [UInt64](repeating: 0, count: 32)
        private var used = 32

        mutating func next() -> UInt64 {
            if used == words.count {
                fill()
                used = 0
            }
            defer {
                words[used] = 0
                used += 1
            }
            return words[used]
        }

        private mutating func fill() {
            #if canImport(Glibc)
                // Interrupted or refused calls (a kernel without the call) leave the slower way below.
                let size = words.count * MemoryLayout<UInt64>.size
                if words.withUnsafeMutableBytes({ getentropy($0.baseAddress, size) }) == 0 { return }
            #endif
            var generator = SystemRandomNumberGenerator()
            for index in words.indices { words[index] = generator.next() }
        }
    }
}
