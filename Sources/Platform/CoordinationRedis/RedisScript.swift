import Crypto

/// A script of Lua that the server runs as one step, known to it by its digest.
struct RedisScript: Sendable {
    let text: String
    /// SHA-1 in hexadecimal digits, the server's name for the script.
    let digest: String

    init(_ text: StaticString, after common: StaticString = "") {
        self.text = common.description + text.description
        let digits = Array("0123456789abcdef".utf8)
        let digest = Insecure.SHA1.hash(data: Array(self.text.utf8))
        self.digest = String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
