"""A resume with every section type and every field, and a letter."""

from google.protobuf import text_format

from vitae.resume.v1 import cover_letter_pb2, resume_pb2

_RESUME = """
locale: "en"
header {
  full_name: "Ana Sørensen" title { text: "Staff Engineer" } email: "ana@example.org" phone: "+351 215 550 100"
  location: "Lisbon, Portugal" linkedin: "https://www.linkedin.com/in/ana" github: "https://github.com/ana"
  website: "https://ana.example.org/" links { network: "Mastodon" url: "https://social.example/@ana" }
  links { network: "GitHub" username: "ana" url: "https://github.com/ana" }
  photo { data: "x" content_type: "image/png" }
}
sections { summary { lines { text: "Builds payment systems." } lines { text: "Leads small teams." } } }
sections { skills {
  categories { name: "Languages" items { text: "C#" relevance: 0.9 } items { text: "Go" } }
  categories { name: "Mentoring" }
} }
sections { experience { entries {
  id: "exp-1" company: "Acme" title: "Engineer" location: "Porto" start_date { year: 2021 month: 3 } is_current: true
  url: "https://acme.example" description { text: "Owns billing." } achievements { id: "b1" text: "Cut latency by 40%" }
  achievements { id: "b2" text: "Hired four" } technologies { text: "Kafka" } relevance: 0.7
  provenance { source_ids: "exp-1" }
} } }
sections { projects { entries {
  id: "p1" name: "Faro" role: "Author" entity: "Acme" description { text: "A style guide." } url: "https://faro.example"
  start_date { year: 2020 } end_date { year: 2021 } achievements { text: "120 stars" } technologies { text: "CSS" }
} } }
sections { education { entries {
  id: "edu-1" institution: "Example University" degree: "BSc" field_of_study: "Physics" location: "Oslo"
  start_date { year: 2010 } end_date { year: 2013 month: 6 } gpa: "3.9/4.0" honors: "summa cum laude"
  coursework { text: "Optics" } description { text: "Thesis on lenses." } url: "https://uni.example"
} } }
sections { languages { entries { id: "l1" language: "Danish" fluency: "Native" }
  entries { id: "l2" language: "Thai" } } }
sections { certifications { entries {
  id: "c1" name: "CKA" issuer: "CNCF" date { year: 2022 month: 1 } expiry_date { year: 2025 month: 1 }
  url: "https://cert.example/1" credential_id: "XY-17"
} } }
sections { volunteer { entries {
  id: "v1" organization: "Reading Room" position: "Tutor" location: "Faro" start_date { year: 2019 } is_current: true
  description { text: "Maths." } achievements { text: "Taught 30" } url: "https://room.example"
} } }
sections { awards { entries {
  id: "a1" title: "Prize" awarder: "Guild" date { year: 2018 } summary { text: "For a compiler." }
} } }
sections { publications { entries {
  id: "pub1" name: "On Queues" publisher: "Journal" date { year: 2017 month: 5 } url: "https://j.example/1"
  summary { text: "About waiting." }
} } }
sections { interests { entries { id: "i1" name: "Chess" } entries { id: "i2" name: "Rowing" } entries {
  id: "i3" name: "Birds" keywords: "Owls" keywords: "Gulls"
} } }
sections { references { entries { id: "r1" name: "P. van Wyk" text { text: "A careful reader." } } } }
sections { title: "Patents" custom { entries {
  id: "x1" title: "Hinge" subtitle: "ES-000" location: "Bilbao" start_date { year: 2016 } url: "https://patent.example"
  description { text: "Folds flat." } achievements { text: "Licensed twice" }
} } }
"""

_LETTER = """
locale: "en-GB"
sender { full_name: "Ana Sørensen" email: "ana@example.org" }
date { year: 2025 month: 3 day: 5 }
recipient { name: "J. Ng" title: "Head of People" company: "Acme" address_lines: "1 High Street" }
subject { text: "Application" } salutation { text: "Dear Ms Ng," }
paragraphs { lines { id: "s1" text: "I build things." } lines { id: "s2" text: "They last." } }
paragraphs { lines { id: "s3" text: "Let us talk." } }
closing { text: "Kind regards," } signature: "Ana Sørensen"
"""


def full_resume() -> resume_pb2.StructuredResume:
    return text_format.Parse(_RESUME, resume_pb2.StructuredResume())


def letter() -> cover_letter_pb2.StructuredCoverLetter:
    return text_format.Parse(_LETTER, cover_letter_pb2.StructuredCoverLetter())
