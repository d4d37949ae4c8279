import Base

/// Text written digit by digit into a buffer: an export of a million rows makes no strings.
extension [UInt8] {
    mutating func append(decimal number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(digits: number.magnitude, atLeast: 1)
    }

    /// Appends a number with at least `count` digits.
    mutating func append(digits number: UInt64, atLeast count: Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = number
            var position = 20
            repeat {
                position -= 1
                digits[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0 || 20 - position < count
            append(contentsOf: UnsafeBufferPointer(rebasing: digits[position...]))
        }
    }

    mutating func append(hexadecimal byte: UInt8) {
        for half in [byte >> 4, byte & 15] {
            append(half < 10 ? UInt8(ascii: "0") + half : UInt8(ascii: "a") + half - 10)
        }
    }

    mutating func append(uuid bytes: UnsafeRawBufferPointer) {
        for (index, byte) in bytes.enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 { append(UInt8(ascii: "-")) }
            append(hexadecimal: byte)
        }
    }

    /// A day such as `2026-11-21`: proleptic Gregorian, by Howard Hinnant's `civil_from_days`.
    mutating func append(day daysSinceEpoch: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let year = yearOfEra + era * 400 + (month >= 10 ? 1 : 0)
        if year < 0 {
            // Outside of what exports hold: leave the odd cases to the one definition.
            append(contentsOf: CalendarDay(daysSinceEpoch: daysSinceEpoch).description.utf8)
            return
        }
        append(digits: UInt64(year), atLeast: 4)
        append(UInt8(ascii: "-"))
        append(digits: UInt64(month < 10 ? month + 3 : month - 9), atLeast: 2)
        append(UInt8(ascii: "-"))
        append(digits: UInt64(dayOfYear - (153 * month + 2) / 5 + 1), atLeast: 2)
    }

    /// A time such as `2026-11-21T08:44:40.000000Z`.
    mutating func append(time microseconds: Int64) {
        let perDay: Int64 = 86_400_000_000
        let days = microseconds >= 0 ? microseconds / perDay : (microseconds + 1) / perDay - 1
        let rest = microseconds &- days &* perDay
        append(day: days)
        append(UInt8(ascii: "T"))
        append(digits: UInt64(rest / 3_600_000_000), atLeast: 2)
        append(UInt8(ascii: ":"))
        append(digits: UInt64(rest / 60_000_000 % 60), atLeast: 2)
        append(UInt8(ascii: ":"))
        append(digits: UInt64(rest / 1_000_000 % 60), atLeast: 2)
        append(UInt8(ascii: "."))
        append(digits: UInt64(rest % 1_000_000), atLeast: 6)
        append(UInt8(ascii: "Z"))
    }
}
