/// What a back end did that the contract does not allow.
public struct ConformanceFailure: Error, CustomStringConvertible {
    /// The sentence that did not hold.
    public let description: String

    init(_ sentence: String) { description = sentence }
}

/// Throws a failure when `condition` does not hold.
func require(_ condition: Bool, _ sentence: @autoclosure () -> String) throws {
    if !condition { throw ConformanceFailure(sentence()) }
}
