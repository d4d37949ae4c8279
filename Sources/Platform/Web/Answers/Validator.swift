import Base
import Crypto
import NIOCore

/// Entity tags (RFC 9110, section 8.8.3).
enum Validator {
    /// A tag that differs whenever the bytes do.
    static func strong(of buffer: ByteBuffer) -> String {
        var digest = SHA256()
        buffer.withUnsafeReadableBytes { digest.update(bufferPointer: $0) }
        return "\"" + Base64URL.encode(digest.finalize().prefix(12)) + "\""
    }

    /// Whether `If-None-Match` names the tag (weak comparison: compressed and plain are the same).
    static func matches(_ header: String, _ tag: String) -> Bool {
        if header == tag || header == "*" { return true }
        let bare = tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
        return header.split(separator: ",").contains { element in
            var element = element.drop { $0 == " " }
            if element.hasPrefix("W/") { element = element.dropFirst(2) }
            while element.last == " " { element.removeLast() }
            return element == bare
        }
    }
}
