/// A short name for a text that stays when only its layout changes.
enum Fingerprint {
    /// FNV-1a over the text with runs of white space as one space: 16 hexadecimal digits.
    ///
    /// Names, not secrets: a collision makes two findings share a suppression, no more.
    static func of(_ text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var isPending = false
        var hasBegun = false
        for byte in text.utf8 {
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                isPending = hasBegun
                continue
            }
            if isPending { hash = (hash ^ 0x20) &* 0x100_0000_01b3 }
            isPending = false
            hasBegun = true
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
