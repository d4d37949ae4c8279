import Foundation

/// A request as a test writes it: nothing is checked or corrected, since bad requests are half of the point.
struct HTTPRequest: Sendable {
    var method: String
    var path: String
    var headers: [(String, String)]
    var body: [UInt8]

    init(_ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }

    static func get(_ path: String, headers: [(String, String)] = []) -> HTTPRequest {
        HTTPRequest("GET", path, headers: headers)
    }

    static func post(_ path: String, json: String, headers: [(String, String)] = []) -> HTTPRequest {
        HTTPRequest("POST", path, headers: headers + [("Content-Type", "application/json")], body: Array(json.utf8))
    }

    var bytes: [UInt8] {
        var head = "\(method) \(path) HTTP/1.1\r\n"
        if !headers.contains(where: { $0.0 == "Host" }) { head += "Host: 127.0.0.1\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty || method == "POST" || method == "PUT" { head += "Content-Length: \(body.count)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }
}

/// An answer as it came.
struct HTTPAnswer: Sendable, CustomStringConvertible {
    var status: Int
    var headers: [(String, String)] = []
    var body: [UInt8] = []

    init(status: Int) { self.status = status }

    /// The first header of that name, in lower case.
    func header(_ name: String) -> String? { headers.first { $0.0 == name }?.1 }

    var text: String { String(decoding: body, as: UTF8.self) }

    var description: String { "\(status) \(text.prefix(600))" }

    /// The body as a value.
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            throw Broken(.malformed, "not a \(type): \(self)")
        }
    }

    /// `code` of a problem+json body; nil when it is none.
    var problemCode: String? {
        guard header("content-type")?.hasPrefix("application/problem+json") == true else { return nil }
        struct Problem: Decodable { var code: String }
        // A body that is no problem has no code, which is what the caller asks.
        return try? JSONDecoder().decode(Problem.self, from: Data(body)).code
    }

    /// `name=value` of the cookie `name` that the answer sets.
    func cookie(_ name: String) -> String? {
        headers.lazy.filter { $0.0 == "set-cookie" && $0.1.hasPrefix(name + "=") }
            .compactMap { $0.1.split(separator: ";").first.map(String.init) }.first
    }
}
