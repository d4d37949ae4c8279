import Foundation
import NIOCore

/// The one encoder: it keeps no state between values, and sorted names make the bytes the same on every node.
enum JSONOutput {
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    static func buffer(_ value: some Encodable) throws -> ByteBuffer { ByteBuffer(bytes: try data(value)) }

    static func data(_ value: some Encodable) throws -> Data { try encoder.encode(value) }
}

extension Output {
    /// JSON of the declared shape.
    public static var content: Content { Content(mediaType: "application/json", shape: shape) }

    /// The value as JSON.
    public func answer(in context: RequestContext) throws -> Answer {
        Answer(body: .bytes(try JSONOutput.buffer(self)))
    }
}

extension Array: Answerable where Element: Output {}

extension Array: Output where Element: Output {
    /// A list of the element's shape.
    public static var shape: Shape { .list(Element.shape) }
}

/// A value with headers or cookies beside it.
public struct Reply<Value: Answerable>: Answerable {
    /// What the value says.
    public static var content: Content { Value.content }

    /// The body.
    public let value: Value
    private let headers: [(name: String, value: String)]
    private let cookies: [Cookie]

    /// Puts headers and cookies beside a value.
    public init(_ value: Value, headers: [(name: String, value: String)] = [], cookies: [Cookie] = []) {
        self.value = value
        self.headers = headers
        self.cookies = cookies
    }

    /// The value's answer with the headers and cookies.
    public func answer(in context: RequestContext) async throws -> Answer {
        var answer = try await value.answer(in: context)
        answer.headers += headers
        answer.cookies += cookies
        return answer
    }
}

/// An answer without body; the route declares its status, 204 as a rule.
public struct NoContent: Answerable {
    /// No body.
    public static let content = Content.none

    /// Makes the value.
    public init() {}

    /// An empty answer.
    public func answer(in context: RequestContext) -> Answer { Answer(body: .none) }
}

/// A value of which the bytes were made once, to be kept in a cache and sent many times.
public struct Ready<Value: Output>: Answerable {
    /// JSON of the value's shape.
    public static var content: Content { Value.content }

    /// The bytes, compressed bytes and validator.
    public let bytes: ReadyBytes

    /// Encodes and compresses the value.
    public init(_ value: Value) throws { bytes = ReadyBytes(try JSONOutput.buffer(value)) }

    /// Takes bytes that were made from such a value.
    public init(bytes: ReadyBytes) { self.bytes = bytes }

    /// The bytes as they are.
    public func answer(in context: RequestContext) -> Answer { Answer(body: .ready(bytes)) }
}

/// Sends the browser to another address of this site: 303 after a form, so that reloading does not repeat it.
public struct Redirect: Answerable {
    /// No body.
    public static let content = Content.none

    private let location: String
    private let cookies: [Cookie]

    /// Points to a path of this site; anything that could lead elsewhere becomes `/`.
    public init(to path: String, cookies: [Cookie] = []) {
        let isOurs =
            path.hasPrefix("/") && !path.hasPrefix("//") && !path.hasPrefix("/\\")
            && path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        location = isOurs ? path : "/"
        self.cookies = cookies
    }

    /// The redirect.
    public func answer(in context: RequestContext) -> Answer {
        var answer = Answer(body: .none)
        answer.status = 303
        answer.headers = [("location", location)]
        answer.cookies = cookies
        return answer
    }
}

/// One of two kinds of answers, such as a value for programs and a redirect for forms.
public enum Either<First: Answerable, Second: Answerable>: Answerable {
    /// What the description of the API shows.
    case first(First)
    /// The other kind.
    case second(Second)

    /// What the first kind says.
    public static var content: Content { First.content }

    /// The answer of the kind that it is.
    public func answer(in context: RequestContext) async throws -> Answer {
        switch self {
        case .first(let value): try await value.answer(in: context)
        case .second(let value): try await value.answer(in: context)
        }
    }
}

/// Bytes of any media type, such as SVG, a sitemap or a calendar.
public struct Bytes: Answerable {
    /// Whatever the value says.
    public static let content = Content.bytes

    private let bytes: ReadyBytes
    private let mediaType: String

    /// Takes bytes of a media type.
    public init(_ bytes: ReadyBytes, mediaType: String) {
        self.bytes = bytes
        self.mediaType = mediaType
    }

    /// The bytes.
    public func answer(in context: RequestContext) -> Answer {
        var answer = Answer(body: .ready(bytes))
        answer.mediaType = mediaType
        return answer
    }
}
