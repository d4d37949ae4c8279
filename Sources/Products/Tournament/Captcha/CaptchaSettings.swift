import Base
import Hosting

/// How captchas are set up, checked once at the start.
struct CaptchaSettings: Sendable {
    enum Key {
        static let siteKey = Setting(
            "tournament.captchaSiteKey", .text, default: nil,
            "Turnstile's site key, shown to browsers; with the secret it sets up the captcha.")
        static let secret = Setting(
            "tournament.captchaSecret", .secret, default: nil, "Turnstile's secret, by which solutions are checked.")
        static let hosts = Setting(
            "tournament.captchaHosts", .text, default: nil,
            "The hosts of your pages, comma-separated: solutions made for any other are refused.")
        static let all = [siteKey, secret, hosts]
    }

    /// Where solutions come from.
    enum Way: Sendable {
        case turnstile(siteKey: String, secret: Secret<String>, hosts: Set<String>)
        /// The built-in check of demos.
        case local
        /// Nothing is set up.
        case none
    }

    let way: Way

    /// Reads the settings.
    ///
    /// - Throws: `hosting.invalidSetting` for half a set-up, and for a test secret outside of a demo: it takes every
    ///   solution for good.
    init(_ settings: Settings, isDemo: Bool) throws(HostingError) {
        let siteKey = settings.text(Key.siteKey).flatMap { $0.isEmpty ? nil : $0 }
        let secret = settings.secret(Key.secret).flatMap { secret in secret.reveal(\.isEmpty) ? nil : secret }
        guard let siteKey, let secret else {
            guard siteKey == nil, secret == nil else {
                throw HostingError(
                    .invalidSetting,
                    "the settings \(Key.siteKey.key) and \(Key.secret.key) belong together: set both or none")
            }
            way = isDemo ? .local : .none
            return
        }
        if !isDemo, Self.isTestKey(siteKey) || secret.reveal({ Self.isTestKey($0) }) {
            throw HostingError(
                .invalidSetting,
                "\(Key.siteKey.key) and \(Key.secret.key) hold Turnstile's test keys, which only a demo may use: "
                    + "set the keys of your own site")
        }
        let hosts = Set(
            (settings.text(Key.hosts) ?? "").split(separator: ",").map {
                $0.filter { !$0.isWhitespace }.lowercased()
            }.filter { !$0.isEmpty })
        guard !hosts.isEmpty || isDemo else {
            throw HostingError(
                .invalidSetting, "\(Key.hosts.key) is empty: name the hosts of your pages, as in film.example")
        }
        way = .turnstile(
            siteKey: siteKey, secret: secret, hosts: hosts.isEmpty ? ["localhost", "127.0.0.1", "example.com"] : hosts)
    }

    /// Turnstile's published test keys: `1x`, `2x` or `3x`, then zeros and a few letters.
    private static func isTestKey(_ text: String) -> Bool {
        let body = Array(text.utf8)
        guard body.count >= 20, (0x31...0x33).contains(body[0]), body[1] == UInt8(ascii: "x") else { return false }
        return body[2..<body.count - 2].allSatisfy { $0 == UInt8(ascii: "0") }
    }
}
