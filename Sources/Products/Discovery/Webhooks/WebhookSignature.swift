import Base
import Crypto
import Foundation

/// How outside services sign what they send; always over the bytes as they came.
enum WebhookSignature {
    enum Bounds {
        /// How far a delivery's time may be from ours.
        static let tolerance: Duration = .seconds(300)
        /// Signatures and secrets that are compared.
        static let candidates = 16
    }

    /// Why a delivery is not believed.
    enum Fault: String, Error, Sendable, Hashable, CaseIterable {
        /// Nobody has set a secret: nothing is believed, in no environment.
        case noSecret
        case headerMissing
        case headerUnreadable
        case tooOld
        case tooNew
        case mismatch
    }

    /// Checks `Stripe-Signature: t=<unix>,v1=<hex>[,v1=…]` over `<t>.<body>`, with the secrets as they are.
    ///
    /// - Parameters:
    ///   - header: the header's value.
    ///   - body: the bytes as they came.
    ///   - secrets: one, or two while one takes the place of the other.
    ///   - now: our time.
    /// - Throws: ``Fault``.
    static func checkStripe(
        _ header: String?, over body: [UInt8], secrets: [Secret<String>], at now: Timestamp
    ) throws(Fault) {
        guard !secrets.isEmpty else { throw .noSecret }
        guard let header, !header.isEmpty else { throw .headerMissing }
        var time: Int64?
        var signatures: [[UInt8]] = []
        for part in header.split(separator: ",").prefix(Bounds.candidates) {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            switch pair[0].filter({ $0 != " " }) {
            case "t": time = Int64(pair[1])
            // Other schemes, such as `v0` of test mode, say nothing.
            case "v1": if let bytes = bytes(hex: pair[1]) { signatures.append(bytes) }
            default: break
            }
        }
        guard let time, !signatures.isEmpty else { throw .headerUnreadable }
        try check(time, at: now)
        let signed = Array("\(time).".utf8) + body
        let keys = secrets.map { $0.reveal { Array($0.utf8) } }
        guard matches(signed, signatures, keys: keys) else { throw .mismatch }
    }

    /// Checks the scheme of Svix, which Clerk uses: `svix-signature: v1,<base64> …` over `<id>.<timestamp>.<body>`, with
    /// the base64 behind `whsec_` decoded.
    ///
    /// - Parameters:
    ///   - id: the header `svix-id` or `webhook-id`.
    ///   - timestamp: the header `svix-timestamp` or `webhook-timestamp`.
    ///   - header: the header `svix-signature` or `webhook-signature`.
    ///   - body: the bytes as they came.
    ///   - secrets: one, or two while one takes the place of the other.
    ///   - now: our time.
    /// - Throws: ``Fault``.
    static func checkSvix(
        id: String?, timestamp: String?, _ header: String?, over body: [UInt8], secrets: [Secret<String>],
        at now: Timestamp
    ) throws(Fault) {
        let keys = secrets.compactMap { secret in secret.reveal { key(svix: $0) } }
        guard !keys.isEmpty else { throw .noSecret }
        guard let id, let timestamp, let header, !id.isEmpty else { throw .headerMissing }
        guard let time = Int64(timestamp) else { throw .headerUnreadable }
        let signatures = header.split(separator: " ").prefix(Bounds.candidates).compactMap { entry -> [UInt8]? in
            let pair = entry.split(separator: ",", maxSplits: 1)
            guard pair.count == 2, pair[0] == "v1" else { return nil }
            return Data(base64Encoded: String(pair[1])).map { Array($0) }
        }
        guard !signatures.isEmpty else { throw .headerUnreadable }
        try check(time, at: now)
        guard matches(Array("\(id).\(timestamp).".utf8) + body, signatures, keys: keys) else { throw .mismatch }
    }

    private static func key(svix secret: String) -> [UInt8]? {
        let text = secret.hasPrefix("whsec_") ? String(secret.dropFirst(6)) : secret
        return Data(base64Encoded: text).flatMap { $0.isEmpty ? nil : Array($0) }
    }

    private static func check(_ time: Int64, at now: Timestamp) throws(Fault) {
        guard (0...100_000_000_000).contains(time) else { throw .headerUnreadable }
        let age = now - Timestamp(microseconds: time * 1_000_000)
        if age > Bounds.tolerance { throw .tooOld }
        if age < .zero - Bounds.tolerance { throw .tooNew }
    }

    /// Whether any signature is right under any key; all are compared, whatever the first differences are.
    private static func matches(_ signed: [UInt8], _ signatures: [[UInt8]], keys: [[UInt8]]) -> Bool {
        var isRight = false
        for key in keys {
            let code = Array(HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: key)))
            for signature in signatures {
                var difference = UInt8(signature.count == code.count ? 0 : 1)
                for (left, right) in zip(signature, code) { difference |= left ^ right }
                isRight = isRight || difference == 0
            }
        }
        return isRight
    }

    private static func bytes(hex text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: 64, by: 2) {
            guard let byte = UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }
}
