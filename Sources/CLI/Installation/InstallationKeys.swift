import Base
import Crypto
import Foundation
import Hosting
import Web

/// The keys of an installation, all derived from one secret.
///
/// Several nodes must share the secret (`secrets.key`). Without it one is made at the first start and kept, readable by
/// the owner alone, in the data folder.
struct InstallationKeys: Sendable {
    /// Signs sessions, device keys and form tokens.
    let web: SigningKeys
    /// Signs cursors of pages.
    let cursors: Secret<[UInt8]>
    /// Tells push services that it is us.
    let push: Secret<[UInt8]>
    /// Signs addresses of uploads and downloads, and whatever else the product named in `purpose` signs.
    let root: Secret<[UInt8]>

    init(_ installation: Installation) throws {
        let secret = try Self.secret(installation)
        root = secret
        web = SigningKeys(SigningKeys.Key(name: "k1", secret: secret))
        cursors = Self.derived(secret, for: "cursors")
        push = Self.derived(secret, for: "push")
    }

    /// A key of 32 bytes for one purpose.
    static func derived(_ secret: Secret<[UInt8]>, for purpose: String) -> Secret<[UInt8]> {
        secret.reveal { bytes in
            let key = HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: bytes), info: Data("capstan.\(purpose)".utf8), outputByteCount: 32)
            return Secret(key.withUnsafeBytes(Array.init))
        }
    }

    private static func secret(_ installation: Installation) throws -> Secret<[UInt8]> {
        if let given = installation.settings.secret(PlatformSettings.key) {
            return Secret(try given.reveal { text throws(Failure) in try bytes(of: text, from: "secrets.key") })
        }
        try installation.createFolder(installation.dataFolder)
        let path = installation.dataFolder + "/installation.key"
        if let data = FileManager.default.contents(atPath: path) {
            let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            return Secret(try bytes(of: text, from: path))
        }
        let made = installation.randomness.bytes(32)
        let text = made.map { String(format: "%02x", $0) }.joined() + "\n"
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw Failure.failed("the key \(path) cannot be written: choose another folder with --data") }
        return Secret(made)
    }

    private static func bytes(of text: String, from source: String) throws(Failure) -> [UInt8] {
        let digits = Array(text.utf8)
        guard digits.count == 64 else {
            throw .failed("\(source) must be 64 hexadecimal digits: make one with `openssl rand -hex 32`")
        }
        var bytes: [UInt8] = []
        for position in stride(from: 0, to: 64, by: 2) {
            guard let byte = UInt8(text.dropFirst(position).prefix(2), radix: 16) else {
                throw .failed("\(source) must be 64 hexadecimal digits: make one with `openssl rand -hex 32`")
            }
            bytes.append(byte)
        }
        return bytes
    }
}
