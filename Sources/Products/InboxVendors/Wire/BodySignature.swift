import Base
import Crypto

/// `sha256=<hex>`: HMAC-SHA256 over the bytes of a body as they came.
enum BodySignature {
    /// Whether the header's signature is right under any of the secrets; all of them are tried, whichever is right.
    ///
    /// - Throws: ``DeliveryFault``: `noSecret`, `headerMissing`, `headerUnreadable`, `mismatch`.
    static func check(
        _ header: String?, over raw: [UInt8], with secrets: [Secret<String>]
    ) throws(DeliveryFault) {
        guard !secrets.isEmpty else { throw .noSecret }
        guard let header, !header.isEmpty else { throw .headerMissing }
        guard header.hasPrefix("sha256="), let signature = HexDigits.bytes(header.dropFirst(7), count: 32) else {
            throw .headerUnreadable
        }
        var isRight = false
        for secret in secrets {
            let key = SymmetricKey(data: secret.reveal { Array($0.utf8) })
            let code = HMAC<SHA256>.authenticationCode(for: raw, using: key)
            let matches = ConstantTime.areEqual(code, signature)
            isRight = isRight || matches
        }
        guard isRight else { throw .mismatch }
    }

    /// The header's value for a body of our own.
    static func header(over raw: [UInt8], with secret: Secret<String>) -> String {
        let key = SymmetricKey(data: secret.reveal { Array($0.utf8) })
        return "sha256=" + HexDigits.text(HMAC<SHA256>.authenticationCode(for: raw, using: key))
    }

    /// Whether two words of any length are the same, without telling where they differ or how long the secret is.
    static func isSame(_ given: String, _ secret: Secret<String>) -> Bool {
        let key = SymmetricKey(data: Array("capstan".utf8))
        let left = HMAC<SHA256>.authenticationCode(for: Array(given.utf8), using: key)
        let right = HMAC<SHA256>.authenticationCode(for: secret.reveal { Array($0.utf8) }, using: key)
        return ConstantTime.areEqual(left, right)
    }
}
