/// The numbers of a creator that are derived from posts.
///
/// The median, as one post that millions saw says little about the next one. What is hidden or unknown never enters as a
/// value: a post takes part only when all of its numbers are public.
enum Engagement {
    /// The median of (likes + comments) / views in millionths; `nil` when no post tells all three.
    static func millionths(of posts: [CreatorPost]) -> Int64? {
        median(
            posts.compactMap { post in
                guard let views = post.views, views > 0, let likes = post.likes, let comments = post.comments else {
                    return nil
                }
                let (sum, overflows) = likes.addingReportingOverflow(comments)
                guard !overflows else { return nil }
                // In 128 bits: likes in millionths leave 64 from nine trillion on.
                let product = sum.multipliedFullWidth(by: 1_000_000)
                guard product.high < views else { return nil }
                return views.dividingFullWidth(product).quotient
            })
    }

    /// The median of the views that are known.
    static func medianViews(of posts: [CreatorPost]) -> Int64? { median(posts.compactMap(\.views)) }

    /// The middle of the values; of two in the middle the mean, rounded down.
    static func median(_ values: [Int64]) -> Int64? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        if sorted.count % 2 == 1 { return sorted[middle] }
        // Without a sum, which could leave 64 bits.
        let (low, high) = (sorted[middle - 1], sorted[middle])
        return low + (high - low) / 2
    }
}
