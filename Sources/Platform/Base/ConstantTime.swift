/// Comparison of what must not be guessed byte by byte: signatures, hashes of keys and passwords.
public enum ConstantTime {
    /// Whether two sequences of bytes are equal; all bytes are compared, wherever the first difference is.
    ///
    /// Lengths are no secret: different ones are told at once, so that a prefix, and nothing at all, never passes.
    public static func areEqual(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool {
        let (left, right) = (Array(left), Array(right))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
