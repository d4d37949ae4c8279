import Base
import Crypto
import Foundation

/// Content for one device that nobody between us and it can read: RFC 8291 over RFC 8188 (`aes128gcm`), one record.
enum PushMessage {
    enum Bounds {
        /// What every push service takes (RFC 8030, section 7.2): header, content and seal together.
        static let wire = 4_096
        static let header = 16 + 4 + 1 + 65
        /// 17 bytes of seal and delimiter.
        static let content = wire - header - 17
    }

    /// Why content cannot be sealed.
    enum Failure: Error, Hashable {
        case tooLarge
        case keyInvalid
    }

    /// Seals content.
    ///
    /// - Parameters:
    ///   - content: At most 3,993 bytes.
    ///   - receiver: The device's public key, 65 bytes.
    ///   - secret: What the device and we share, 16 bytes.
    ///   - sender: A key pair for this message alone.
    ///   - salt: 16 random bytes for this message alone.
    /// - Returns: The body of the request.
    /// - Throws: ``Failure``, or what the library throws for a key that is none.
    static func seal(
        _ content: [UInt8], to receiver: [UInt8], secret: [UInt8], from sender: P256.KeyAgreement.PrivateKey,
        salt: [UInt8]
    ) throws -> [UInt8] {
        guard content.count <= Bounds.content else { throw Failure.tooLarge }
        let (key, nonce) = try keys(
            receiver: receiver, sender: Array(sender.publicKey.x963Representation), secret: secret, salt: salt,
            shared: sender.sharedSecretFromKeyAgreement(
                with: P256.KeyAgreement.PublicKey(x963Representation: receiver)))
        let box = try AES.GCM.seal(content + [2], using: key, nonce: AES.GCM.Nonce(data: nonce))
        let size = UInt32(Bounds.wire)
        var body = salt
        body += (0..<4).map { UInt8(truncatingIfNeeded: size >> UInt32(24 - $0 * 8)) }
        body += [65] + Array(sender.publicKey.x963Representation)
        return body + Array(box.ciphertext) + Array(box.tag)
    }

    /// Opens what ``seal(_:to:secret:from:salt:)`` made, as a device does; `nil` for anything else.
    static func open(_ body: [UInt8], as receiver: P256.KeyAgreement.PrivateKey, secret: [UInt8]) -> [UInt8]? {
        guard body.count >= Bounds.header + 17, body[20] == 65 else { return nil }
        let sender = Array(body[21..<86])
        let sealed = body[86...]
        do {
            let (key, nonce) = try keys(
                receiver: Array(receiver.publicKey.x963Representation), sender: sender, secret: secret,
                salt: Array(body[..<16]),
                shared: receiver.sharedSecretFromKeyAgreement(
                    with: P256.KeyAgreement.PublicKey(x963Representation: sender)))
            let box = try AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: nonce), ciphertext: sealed.dropLast(16), tag: sealed.suffix(16))
            let record = Array(try AES.GCM.open(box, using: key))
            guard let end = record.lastIndex(where: { $0 != 0 }), record[end] == 2 else { return nil }
            return Array(record[..<end])
        } catch {
            return nil
        }
    }

    private static func keys(
        receiver: [UInt8], sender: [UInt8], secret: [UInt8], salt: [UInt8], shared: SharedSecret
    ) throws -> (key: SymmetricKey, nonce: Data) {
        guard receiver.count == 65, sender.count == 65, secret.count == 16, salt.count == 16 else {
            throw Failure.keyInvalid
        }
        let info = Array("WebPush: info\0".utf8) + receiver + sender
        let material = shared.hkdfDerivedSymmetricKey(
            using: SHA256.self, salt: secret, sharedInfo: info, outputByteCount: 32)
        func derive(_ purpose: String, _ count: Int) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: material, salt: salt, info: Data("Content-Encoding: \(purpose)\0".utf8),
                outputByteCount: count)
        }
        return (derive("aes128gcm", 16), derive("nonce", 12).withUnsafeBytes { Data($0) })
    }
}
