import Base

/// Further words to look for: from a list of topics, from patterns that people search by, and from what creators say of
/// themselves.
enum Suggestion {
    enum Bounds {
        static let count = 12
        static let seedScalars = 3...80
    }

    /// Up to twelve keywords for a seed: the words of its topics first, then the seed in common company.
    static func keywords(for seed: String) -> [String] {
        let seed = Keyword.normalised(seed)
        guard Bounds.seedScalars.contains(seed.unicodeScalars.count) else { return [] }
        let topical = Topic.all.filter { $0.touches(seed) }.flatMap(\.words)
        let patterns = [
            "\(seed) tips", "\(seed) routine", "best \(seed)", "\(seed) for beginners", "\(seed) review",
            "\(seed) vlog", "daily \(seed)", "\(seed) at home", "\(seed) community", "\(seed) challenge",
            "\(seed) stories", "\(seed) basics",
        ]
        var seen: Set<String> = [seed]
        return (topical + patterns).filter {
            SearchWish.Bounds.keywordScalars.contains($0.unicodeScalars.count) && seen.insert($0).inserted
        }.prefix(Bounds.count).map { $0 }
    }

    /// The hashtags that most bios have, those known left out, the most frequent first.
    static func words(from bios: [String], leavingOut known: Set<String>) -> [String] {
        var counts: [String: Int] = [:]
        for bio in bios {
            for tag in ContactFinding.hashtags(in: bio) where !known.contains(tag) { counts[tag, default: 0] += 1 }
        }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    }
}

/// A field in which people publish, with words that belong to it.
struct Topic: Sendable, Hashable {
    let name: String
    let words: [String]

    /// Whether a text has a word of the topic's.
    func touches(_ text: String) -> Bool {
        let parts = Set(text.split(separator: " "))
        return words.contains { word in word == text || word.split(separator: " ").contains { parts.contains($0) } }
    }

    static let all: [Topic] = [
        "trail running|trail running,ultra marathon,mountain running,trail shoes,fell running,vertical kilometre",
        "vegan cooking|vegan recipes,plant based,vegan meal prep,tofu recipes,vegan baking,dairy free",
        "skincare|skincare routine,vegan skincare,retinol,sunscreen,acne care,glass skin",
        "home barista|latte art,espresso,pour over,coffee roasting,home barista,cold brew",
        "indie games|indie games,pixel art,game dev,cozy games,speedrun,roguelike",
        "van life|van life,camper conversion,off grid,road trip,slow travel,wild camping",
        "strength training|powerlifting,strength training,deadlift,home gym,mobility,calisthenics",
        "yoga|yoga flow,vinyasa,breathwork,yin yoga,morning yoga,meditation",
        "street photography|street photography,film camera,35mm,darkroom,urban portraits,photo walk",
        "sustainable fashion|slow fashion,thrifting,upcycling,capsule wardrobe,visible mending,linen",
        "interior design|interior design,small apartment,japandi,mid century,diy decor,plants at home",
        "gardening|vegetable garden,composting,raised beds,balcony garden,seed saving,permaculture",
        "parenting|gentle parenting,toddler meals,montessori,new mum,school lunch,family travel",
        "personal finance|index funds,budgeting,side hustle,frugal living,debt free,first home",
        "makeup|makeup tutorial,soft glam,drugstore makeup,eyeliner,editorial makeup,lip combo",
        "cycling|gravel cycling,bikepacking,road bike,commuting by bike,bike repair,track cycling",
        "baking|sourdough,croissants,layer cakes,cookies,bread baking,pastry",
        "books|booktok,fantasy books,book review,reading list,romance novels,classic literature",
        "language learning|learn spanish,language learning,polyglot,japanese study,accent training,flashcards",
        "astronomy|astrophotography,telescope,night sky,space news,meteor shower,deep sky",
        "woodworking|woodworking,hand tools,furniture making,joinery,wood turning,workbench",
        "climbing|bouldering,sport climbing,climbing training,crack climbing,home wall,climbing trip",
        "dogs|dog training,rescue dogs,puppy,agility,dog walks,working dogs",
        "cats|cat care,kitten,rescue cats,cat tricks,indoor cats,cat toys",
        "electronics|arduino,soldering,keyboards,retro computing,home lab,raspberry",
        "drones|fpv drones,aerial film,drone racing,drone build,cinematic drone,landscape film",
        "music production|home studio,synthesizer,beat making,mixing,ableton,sound design",
        "guitar|guitar lesson,fingerstyle,pedalboard,blues guitar,guitar build,acoustic covers",
        "dance|hip hop dance,ballet,choreography,contemporary dance,dance class,salsa",
        "surfing|surfing,longboard,surf trip,surf training,wave pool,bodysurf",
        "fishing|fly fishing,bass fishing,kayak fishing,ice fishing,fly tying,catch and release",
        "chess|chess openings,blitz chess,chess puzzles,endgames,chess coach,chess history",
        "history|medieval history,ancient rome,history podcast,archaeology,museum tour,war history",
        "science|chemistry,physics explained,biology,science experiments,neuroscience,maths",
        "comedy|sketch comedy,stand up,improv,office humour,parody,prank",
        "beauty tech|nail art,gel nails,hair care,curly hair,braids,haircut",
        "mental health|therapy talk,anxiety tips,journaling,adhd,mindfulness,self care",
        "food travel|street food,night market,food tour,ramen,taco,local kitchens",
        "motorsport|track day,rally,kart racing,motorcycle,drift,car restoration",
        "crafts|crochet,knitting,embroidery,pottery,watercolour,bookbinding",
    ].map { line in
        let parts = line.split(separator: "|")
        return Topic(name: String(parts[0]), words: parts[1].split(separator: ",").map(String.init))
    }
}
