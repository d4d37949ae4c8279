/// The address of a route with named holes, as in `/votes/{clip}`.
///
/// A last hole with dots, as in `/assets/{file...}`, takes the rest of the path.
public struct PathTemplate: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    enum Segment: Sendable, Hashable {
        case literal(String)
        case parameter(String)
        case rest(String)
    }

    let segments: [Segment]

    /// The text as it was declared.
    public let description: String

    /// The names of the holes, in order.
    public var parameters: [String] {
        segments.compactMap { segment in
            switch segment {
            case .literal: nil
            case .parameter(let name), .rest(let name): name
            }
        }
    }

    /// Reads a template, which begins with a slash; an unclosed or empty hole is a programmer's error.
    public init(_ text: String) {
        precondition(text.hasPrefix("/"), "the path '\(text)' must begin with a slash")
        description = text
        segments = text.dropFirst().split(separator: "/", omittingEmptySubsequences: true).map { segment in
            guard segment.hasPrefix("{") else {
                precondition(!segment.contains("{"), "the path '\(text)' has a hole that is not a whole segment")
                return .literal(String(segment))
            }
            precondition(
                segment.hasSuffix("}") && segment.count > 2, "the path '\(text)' has a hole that is not closed")
            let name = segment.dropFirst().dropLast()
            return name.hasSuffix("...") ? .rest(String(name.dropLast(3))) : .parameter(String(name))
        }
    }

    /// Reads a template.
    public init(stringLiteral value: String) { self.init(value) }

    /// The template below `prefix`.
    public func mounted(under prefix: PathTemplate) -> PathTemplate {
        if description == "/" { return prefix }
        return prefix.description == "/" ? self : PathTemplate(prefix.description + description)
    }
}
