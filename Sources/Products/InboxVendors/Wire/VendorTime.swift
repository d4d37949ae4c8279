import Base

/// The vendors' times.
enum VendorTime {
    enum Bounds {
        /// 2100-01-01: what is later is no time of a message.
        static let seconds: Int64 = 4_102_444_800
    }

    /// Seconds or milliseconds since 1970, as a number or a text; `nil` for what can be neither.
    static func moment(_ value: VendorJSON?) -> Timestamp? {
        guard let number = value?.integer, number > 0 else { return nil }
        // 10^11 seconds are the year 5138, 10^11 milliseconds the year 1973: what is above are milliseconds.
        let isMilliseconds = number >= 100_000_000_000
        guard number <= Bounds.seconds * (isMilliseconds ? 1_000 : 1) else { return nil }
        return Timestamp(microseconds: number * (isMilliseconds ? 1_000 : 1_000_000))
    }

    /// ISO text as Meta's Graph API writes it, with a zone without a colon.
    static func moment(iso text: String?) -> Timestamp? {
        guard let text, text.utf8.count <= 40 else { return nil }
        if let time = Timestamp(text) { return time }
        guard text.hasSuffix("+0000") else { return nil }
        return Timestamp(text.dropLast(5) + "Z")
    }
}
