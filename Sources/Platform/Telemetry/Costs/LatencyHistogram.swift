import Base

/// The distribution of times in fixed logarithmic buckets: 16 to the octave, from 1 µs to 19 hours.
///
/// A quantile is at most 6.25 % too high and never too low, whatever the times were. 4 KiB.
public struct LatencyHistogram: Sendable {
    private static let subBits = 4
    private static let octavesMax = 36
    private static let bucketCount = (octavesMax - subBits + 1) << subBits

    private var buckets: [UInt64]
    /// How many times were recorded.
    public private(set) var count = 0
    /// The sum of all times.
    public private(set) var totalMicroseconds = 0
    /// The longest time, exactly.
    public private(set) var max: Duration = .zero

    /// Makes an empty histogram.
    public init() { buckets = Array(repeating: 0, count: Self.bucketCount) }

    /// Counts a time; negative ones count as zero.
    public mutating func record(_ duration: Duration) {
        let microseconds = Swift.max(0, duration.microseconds)
        buckets[Self.bucket(UInt64(microseconds))] += 1
        count += 1
        totalMicroseconds &+= Int(microseconds)
        max = Swift.max(max, .microseconds(microseconds))
    }

    /// Adds what another histogram counted.
    public mutating func merge(_ other: LatencyHistogram) {
        for index in buckets.indices { buckets[index] += other.buckets[index] }
        count += other.count
        totalMicroseconds &+= other.totalMicroseconds
        max = Swift.max(max, other.max)
    }

    /// Forgets everything.
    public mutating func clear() {
        for index in buckets.indices { buckets[index] = 0 }
        count = 0
        totalMicroseconds = 0
        max = .zero
    }

    /// The time that the share `fraction` of all times did not exceed; `nil` when none was recorded.
    ///
    /// - Parameter fraction: 0 to 1, as 0.99 for the 99th percentile.
    /// - Returns: The upper edge of the bucket that holds it.
    public func quantile(_ fraction: Double) -> Duration? {
        guard count > 0 else { return nil }
        let rank = Swift.max(1, UInt64((fraction * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (index, bucket) in buckets.enumerated() {
            seen += bucket
            if seen >= rank { return Swift.min(max, .microseconds(Int64(Self.upperEdge(index)))) }
        }
        return max
    }

    /// The average; `nil` when none was recorded.
    public var mean: Duration? { count == 0 ? nil : .microseconds(totalMicroseconds / count) }

    static func bucket(_ value: UInt64) -> Int {
        if value < 1 << subBits { return Int(value) }
        let octave = 63 - value.leadingZeroBitCount
        guard octave < octavesMax else { return bucketCount - 1 }
        let sub = Int(value >> UInt64(octave - subBits)) & (1 << subBits - 1)
        return (octave - subBits + 1) << subBits + sub
    }

    static func upperEdge(_ index: Int) -> UInt64 {
        if index < 1 << subBits { return UInt64(index) }
        let octave = index >> subBits + subBits - 1
        let sub = UInt64(index & (1 << subBits - 1))
        let width: UInt64 = 1 << UInt64(octave - subBits)
        return 1 << UInt64(octave) + (sub + 1) * width - 1
    }
}
