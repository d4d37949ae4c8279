import Crypto
public import InboxVendors

/// A webhook as it goes over the wire: bytes and header fields.
public struct VendorHook: Sendable {
    /// The body.
    public var raw: [UInt8]
    /// The header fields, the proof of the sender among them.
    public var fields: [(String, String)]

    /// The fields as an adapter takes them.
    public var headers: DeliveryHeaders { DeliveryHeaders(fields) }

    /// A webhook with these fields.
    public init(_ raw: [UInt8], fields: [(String, String)]) {
        self.raw = raw
        self.fields = fields
    }

    /// A webhook of Meta's, signed with an application's secret.
    public static func meta(_ raw: [UInt8], secret: String) -> VendorHook {
        VendorHook(
            raw,
            fields: [
                ("Content-Type", "application/json"),
                ("X-Hub-Signature", "sha1=0000000000000000000000000000000000000000"),
                ("X-Hub-Signature-256", "sha256=" + signature(over: raw, secret: secret)),
            ])
    }

    /// A webhook of Telegram's with the bot's secret token.
    public static func telegram(_ raw: [UInt8], secret: String) -> VendorHook {
        VendorHook(
            raw, fields: [("Content-Type", "application/json"), ("X-Telegram-Bot-Api-Secret-Token", secret)])
    }

    private static func signature(over raw: [UInt8], secret: String) -> String {
        HMAC<SHA256>.authenticationCode(for: raw, using: SymmetricKey(data: Array(secret.utf8)))
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
