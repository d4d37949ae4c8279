/// What to answer to a request that may ask for a part: the rules of RFC 9110, sections 13.1.5 and 14.
///
/// Pure, so that every server of bytes decides alike. Of a header with several ranges, of another unit or with a
/// mistake in it, the whole is served, as the RFC allows.
public enum ByteRange: Sendable, Hashable {
    /// Everything, with status 200.
    case whole
    /// These bytes, with status 206 and `Content-Range`.
    case part(Range<Int>)
    /// Nothing, with status 416 and `Content-Range: bytes */size`.
    case unsatisfiable

    /// Decides.
    ///
    /// - Parameters:
    ///   - header: The value of `Range`; `nil` when absent.
    ///   - ifRange: The value of `If-Range`; `nil` when absent.
    ///   - validators: What `If-Range` may name for the range to count: the object's strong entity tag with its quotes,
    ///     and its `Last-Modified` date as it is sent.
    ///   - size: The object's size in bytes.
    public init(header: String?, ifRange: String? = nil, validators: [String] = [], size: Int) {
        precondition(size >= 0, "an object cannot have \(size) bytes")
        self = .whole
        guard let header, let spec = Self.spec(header) else { return }
        if let ifRange {
            let wanted = ifRange.trimmingSpaces()
            guard !wanted.hasPrefix("W/"), validators.contains(String(wanted)) else { return }
        }
        switch spec {
        case .suffix(0): self = .unsatisfiable
        case .suffix(let length): self = size == 0 ? .whole : .part(max(0, size - length)..<size)
        case .from(let first, _) where first >= size: self = .unsatisfiable
        case .from(let first, let last): self = .part(first..<min(last, size - 1) + 1)
        }
    }

    /// The value of `Content-Range`; `nil` when none is sent.
    public func contentRange(size: Int) -> String? {
        switch self {
        case .whole: nil
        case .part(let bytes): "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(size)"
        case .unsatisfiable: "bytes */\(size)"
        }
    }

    /// The status to answer with: 200, 206 or 416.
    public var status: Int {
        switch self {
        case .whole: 200
        case .part: 206
        case .unsatisfiable: 416
        }
    }

    private enum Spec {
        case suffix(Int)
        case from(Int, through: Int)
    }

    private static func spec(_ header: String) -> Spec? {
        guard header.utf8.count <= 100, let equals = header.firstIndex(of: "="),
            header[..<equals].trimmingSpaces().lowercased() == "bytes"
        else { return nil }
        let spec = header[header.index(after: equals)...].trimmingSpaces()
        guard let dash = spec.firstIndex(of: "-") else { return nil }
        let left = spec[..<dash]
        let right = spec[spec.index(after: dash)...]
        if left.isEmpty { return position(right).map(Spec.suffix) }
        guard let first = position(left) else { return nil }
        if right.isEmpty { return .from(first, through: .max - 1) }
        guard let last = position(right), last >= first else { return nil }
        return .from(first, through: last)
    }

    /// One or more digits; what does not fit is as good as the largest number.
    private static func position(_ digits: Substring) -> Int? {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return min(Int(digits) ?? .max, .max - 1)
    }
}

extension StringProtocol {
    fileprivate func trimmingSpaces() -> Substring {
        var text = Substring(self)
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
