import Base

/// A call to a vendor, as it is counted.
struct VendorCall: Sendable, Hashable {
    let vendor: String
    let day: CalendarDay
    let personID: ID<Person>
    var failed: Bool
    var credits: Int
    var microseconds: Int64
}

/// What a person's calls of a day come to.
struct VendorTotal: Sendable, Hashable {
    var calls = 0
    var errors = 0
    var credits = 0
    var microseconds: Int64 = 0

    mutating func add(_ call: VendorCall) {
        calls += 1
        errors += call.failed ? 1 : 0
        credits += call.credits
        microseconds += call.microseconds
    }

    /// How long a call took on average, in milliseconds.
    var meanMilliseconds: Int64 { calls > 0 ? microseconds / Int64(calls) / 1_000 : 0 }
}
