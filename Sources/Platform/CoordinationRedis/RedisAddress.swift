import Base
import Foundation

/// Where a server is, and how it is entered: `redis://USER:PASSWORD@HOST:PORT/DATABASE`, `rediss://` for TLS.
///
/// Several, separated by commas, are entrances to one cluster, or other addresses of one server; user, password,
/// database and TLS are then those of the first.
public struct RedisAddress: Sendable, CustomStringConvertible {
    private enum Bounds {
        static let seeds = 32
    }

    /// The hosts and ports, in the order in which they are tried.
    public let seeds: [RedisEndpoint]
    /// Whether connections are encrypted and the server's certificate is checked.
    public let isEncrypted: Bool
    /// The number of the database; a cluster has only 0.
    public let database: Int
    let user: String?
    let password: Secret<String>?

    /// Reads an address.
    ///
    /// - Throws: `redis.setup`, which never quotes the address.
    public init(_ text: String) throws(RedisError) {
        let wrong = RedisError(
            .setup,
            "The address must be redis://HOST:PORT or rediss://USER:PASSWORD@HOST:PORT/DATABASE, or several "
                + "of these, separated by commas.")
        let parts = try text.split(separator: ",").map { part throws(RedisError) in
            var text = part.trimmingCharacters(in: .whitespaces)
            if !text.contains("://") { text = "redis://" + text }
            guard !text.contains(where: \.isWhitespace), let parts = URLComponents(string: text), let host = parts.host,
                !host.isEmpty,
                ["redis", "rediss"].contains(parts.scheme), parts.query == nil, parts.fragment == nil,
                (1...65_535).contains(parts.port ?? 6_379)
            else { throw wrong }
            return parts
        }
        guard let first = parts.first, parts.count <= Bounds.seeds else { throw wrong }
        seeds = parts.map {
            // An address of IPv6 stands in brackets.
            RedisEndpoint(
                host: ($0.host ?? "").trimmingCharacters(in: CharacterSet(charactersIn: "[]")), port: $0.port ?? 6_379)
        }
        isEncrypted = first.scheme == "rediss"
        user = first.user.flatMap { $0.isEmpty ? nil : $0 }
        password = first.password.map { Secret($0) }
        let path = first.path.drop { $0 == "/" }
        guard let database = path.isEmpty ? 0 : Int(path), (0...65_535).contains(database) else { throw wrong }
        self.database = database
        guard parts.dropFirst().allSatisfy({ $0.scheme == first.scheme || $0.scheme == "redis" }) else { throw wrong }
    }

    /// Hosts and ports; never user or password.
    public var description: String {
        "\(isEncrypted ? "rediss" : "redis")://" + seeds.map(\.description).joined(separator: ",")
    }
}

/// A host and a port.
public struct RedisEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name or an address.
    public let host: String
    /// The port.
    public let port: Int

    /// Names a server.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
