/// A vendor of creators that answers at once, as ScrapeCreators does for TikTok.
///
/// Every page of a keyword tells of 200 creators: a quarter of them stands on the first pages of all keywords, so that
/// there is something to recognise; the others are the page's own.
enum PlainVendor {
    private static let creators = 200
    private static let shared = 50

    /// A page of a keyword as JSON, from a cursor on.
    static func page(of keyword: String, from cursor: Int) -> String {
        // FNV-1a, as `Hasher` gives another number in each process.
        let number = keyword.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let items = (0..<creators).map { place in
            let id = place < shared ? cursor + place : Int(number % 1_000_000_000) * 1_000 + cursor + place
            return """
                {"aweme_info":{"author":{"uid":"9\(id)","unique_id":"maker_\(id)","nickname":"Maker \(id)",\
                "signature":"Runs in the hills, week \(id % 52). Write to maker\(id)@example.org",\
                "follower_count":\(id % 90_000),"aweme_count":\(id % 900),"region":"DE"}}}
                """
        }
        let list = items.joined(separator: ",")
        return #"{"success":true,"cursor":\#(cursor + creators),"has_more":1,"search_item_list":[\#(list)]}"#
    }
}
