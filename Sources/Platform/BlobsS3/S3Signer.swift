import Base
import Crypto
import Foundation
import Outbound

/// AWS Signature Version 4 for S3: pure functions of the request, the key pair and the time.
///
/// Written from "Authenticating Requests (AWS Signature Version 4)" of the S3 documentation and tested with its examples.
struct S3Signer: Sendable {
    static let algorithm = "AWS4-HMAC-SHA256"
    static let unsigned = "UNSIGNED-PAYLOAD"
    static let emptyHash = hex(SHA256.hash(data: Data()))

    let credentials: S3Credentials
    let region: String

    /// The headers of a request with those that sign it; all given ones are signed too.
    func signed(
        _ method: OutboundRequest.Method, _ address: OutboundAddress, _ headers: OutboundHeaders, payloadHash: String,
        at time: Timestamp
    ) -> OutboundHeaders {
        var headers = headers
        let stamp = Self.stamp(time)
        headers["x-amz-content-sha256"] = payloadHash
        headers["x-amz-date"] = stamp
        if let token = credentials.token { headers["x-amz-security-token"] = token.reveal { $0 } }
        var all = headers.fields.map { ($0.name, $0.value) }
        all.append(("host", address.authority))
        let (canonical, names) = Self.canonical(all)
        let request = [
            method.rawValue, address.path, Self.sorted(address.query), canonical, names, payloadHash,
        ].joined(separator: "\n")
        let signature = sign(request, stamp)
        headers["Authorization"] =
            "\(Self.algorithm) Credential=\(credentials.keyID)/\(scope(stamp)),"
            + "SignedHeaders=\(names),Signature=\(signature)"
        return headers
    }

    /// An address that carries its own signature and may be used by anyone until it expires.
    ///
    /// The request must carry the headers besides the host, exactly. It lives for 1 second to 7 days.
    func presigned(
        _ method: OutboundRequest.Method, _ address: OutboundAddress, _ headers: [(String, String)] = [],
        lifetime: Duration, at time: Timestamp
    ) -> String {
        let stamp = Self.stamp(time)
        let (canonical, names) = Self.canonical(headers + [("host", address.authority)])
        var query = [
            ("X-Amz-Algorithm", Self.algorithm), ("X-Amz-Credential", "\(credentials.keyID)/\(scope(stamp))"),
            ("X-Amz-Date", stamp), ("X-Amz-Expires", "\(lifetime.components.seconds)"),
            ("X-Amz-SignedHeaders", names),
        ]
        if let token = credentials.token { query.append(("X-Amz-Security-Token", token.reveal { $0 })) }
        let text = Self.sorted(Self.query(query))
        let request = [method.rawValue, address.path, text, canonical, names, Self.unsigned].joined(separator: "\n")
        return "\(address.origin)\(address.path)?\(text)&X-Amz-Signature=\(sign(request, stamp))"
    }

    /// A query of names and values, escaped as the signature wants it.
    static func query(_ pairs: [(String, String)]) -> String {
        pairs.map { "\(escaped($0.0))=\(escaped($0.1))" }.joined(separator: "&")
    }

    /// Escapes everything but letters, digits, `-`, `.`, `_` and `~`.
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// `20130524T000000Z`.
    private static func stamp(_ time: Timestamp) -> String {
        time.description.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
    }

    private func scope(_ stamp: String) -> String { "\(stamp.prefix(8))/\(region)/s3/aws4_request" }

    private func sign(_ canonicalRequest: String, _ stamp: String) -> String {
        let hash = Self.hex(SHA256.hash(data: Data(canonicalRequest.utf8)))
        let text = [Self.algorithm, stamp, scope(stamp), hash].joined(separator: "\n")
        let key = credentials.secret.reveal { secret in
            [String(stamp.prefix(8)), region, "s3", "aws4_request"].reduce(Data("AWS4\(secret)".utf8)) { key, part in
                Self.hmac(key, part)
            }
        }
        return Self.hex(Self.hmac(key, text))
    }

    private static func hmac(_ key: Data, _ text: String) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: key)))
    }

    /// The headers' lines and the names that are signed.
    private static func canonical(_ headers: [(String, String)]) -> (lines: String, names: String) {
        let all = headers.map { ($0.0.lowercased(), $0.1.split(separator: " ").joined(separator: " ")) }
            .sorted { $0.0 < $1.0 }
        return (all.map { "\($0.0):\($0.1)\n" }.joined(), all.map(\.0).joined(separator: ";"))
    }

    private static func sorted(_ query: String?) -> String {
        (query ?? "").split(separator: "&").map { $0.contains("=") ? String($0) : "\($0)=" }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined(separator: "&")
    }
}
