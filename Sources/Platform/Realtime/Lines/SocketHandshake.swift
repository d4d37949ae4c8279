import Base
import Crypto
import Foundation

/// The request that opens a socket (RFC 6455, section 4.2).
public enum SocketHandshake {
    private static let suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// Checks the request.
    ///
    /// - Parameters:
    ///   - host: The host that was asked for, as the header gives it.
    ///   - header: Gives the request's first header of a name.
    /// - Returns: The headers of the answer 101.
    /// - Throws: `realtime.notASocket` when it opens no socket, `realtime.foreignOrigin` when the page is another site's:
    ///   browsers send cookies with sockets of any page.
    public static func answer(
        host: String, header: (String) -> String?
    ) throws(RealtimeError) -> [(name: String, value: String)] {
        guard header("upgrade")?.lowercased() == "websocket",
            header("connection")?.lowercased().split(separator: ",")
                .contains(where: { $0.trimmingCharacters(in: .whitespaces) == "upgrade" }) == true
        else {
            throw RealtimeError(.notASocket, "This address is opened as a WebSocket; pages without use its events.")
        }
        guard header("sec-websocket-version") == "13" else {
            throw RealtimeError(.notASocket, "Sec-WebSocket-Version must be 13.")
        }
        guard let key = header("sec-websocket-key"), Data(base64Encoded: key)?.count == 16 else {
            throw RealtimeError(.notASocket, "Sec-WebSocket-Key must be 16 bytes in base64.")
        }
        if let origin = header("origin"), !isSame(origin, host) {
            throw RealtimeError(.foreignOrigin, "A page of another site cannot open this socket.")
        }
        let digest = Insecure.SHA1.hash(data: Data((key + suffix).utf8))
        return [
            ("upgrade", "websocket"), ("connection", "Upgrade"),
            ("sec-websocket-accept", Data(digest).base64EncodedString()),
        ]
    }

    private static func isSame(_ origin: String, _ host: String) -> Bool {
        guard let range = origin.range(of: "://") else { return false }
        return origin[range.upperBound...].lowercased() == host.lowercased()
    }
}
