import Base
import Crypto

/// The token in every form that a page shows: bound to the session or device key, so that no other site can guess it.
struct FormTokens: Sendable {
    /// The hidden field's name.
    static let fieldName = "formToken"

    private let keys: [(name: String, key: SymmetricKey)]

    init(keys: SigningKeys) { self.keys = keys.derived(for: "form") }

    /// The token for who `subject` is known by.
    func token(for subject: String) -> String { Self.token(subject, keys[0].key) }

    /// Whether `token` was made for `subject` by us.
    func isValid(_ token: String, for subject: String) -> Bool {
        keys.contains { ConstantTime.areEqual(Self.token(subject, $0.key).utf8, token.utf8) }
    }

    private static func token(_ subject: String, _ key: SymmetricKey) -> String {
        Base64URL.encode(HMAC<SHA256>.authenticationCode(for: Array(subject.utf8), using: key).prefix(16))
    }
}
