/// The order of clips that few have seen yet: by what the share of voters among viewers is at least.
enum Rising {
    /// Impressions from which on a clip is ranked.
    static let impressionsMin = 20

    /// The lower bound of Wilson's score interval at 95 %: 0 to 1.
    ///
    /// A clip with three votes of three viewers stands below one with ninety of a hundred.
    static func lowerBound(voters: Int, viewers: Int) -> Double {
        guard viewers > 0 else { return 0 }
        let n = Double(max(voters, viewers))
        let share = Double(max(0, voters)) / n
        let z = 1.959964
        let spread = z * ((share * (1 - share) + z * z / (4 * n)) / n).squareRoot()
        return max(0, (share + z * z / (2 * n) - spread) / (1 + z * z / n))
    }

    /// The bound as a board's score, in millionths; `nil` for a clip that too few have been shown.
    static func score(voters: Int, views: Int, impressions: Int) -> Int64? {
        guard impressions >= impressionsMin else { return nil }
        return Int64((lowerBound(voters: voters, viewers: max(views, voters)) * 1_000_000).rounded())
    }
}
