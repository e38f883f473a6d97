# ruff: noqa: E501 - sentences are told whole
"""Invented people whose documents the tests of formats draw."""

from collections.abc import Sequence

from vitae.resume.v1.common_pb2 import Line, PartialDate
from vitae.resume.v1.cover_letter_pb2 import LetterParagraph, Recipient, StructuredCoverLetter
from vitae.resume.v1.document_pb2 import Document
from vitae.resume.v1.resume_pb2 import (
    AwardEntry,
    AwardsSection,
    CertificationEntry,
    CertificationsSection,
    EducationEntry,
    EducationSection,
    ExperienceEntry,
    ExperienceSection,
    InterestEntry,
    InterestsSection,
    LanguageEntry,
    LanguagesSection,
    ProjectEntry,
    ProjectsSection,
    PublicationEntry,
    PublicationsSection,
    ReferenceEntry,
    ReferencesSection,
    ResumeHeader,
    ResumeSection,
    SkillsCategory,
    SkillsSection,
    StructuredResume,
    SummarySection,
    VolunteerEntry,
    VolunteerSection,
)


def date(text: str) -> PartialDate:
    """ "2021-03" as a date."""
    year, _, month = text.partition("-")
    return PartialDate(year=int(year), month=int(month or 0))


def lines(texts: Sequence[str], prefix: str, relevance: Sequence[float] = ()) -> list[Line]:
    return [
        Line(id=f"{prefix}-{index}", text=text, relevance=relevance[index] if relevance else 0)
        for index, text in enumerate(texts)
    ]


def job(
    title: str,
    company: str,
    location: str,
    start: str,
    end: str,
    achievements: Sequence[str] = (),
    *,
    technologies: Sequence[str] = (),
    description: str = "",
    relevance: Sequence[float] = (),
) -> ExperienceEntry:
    key = f"{company}-{start}"
    return ExperienceEntry(
        id=key,
        title=title,
        company=company,
        location=location,
        start_date=date(start),
        end_date=date(end) if end else None,
        is_current=not end,
        description=Line(id=f"{key}-d", text=description) if description else None,
        achievements=lines(achievements, key, relevance),
        technologies=lines(technologies, f"{key}-t"),
    )


MAYA_HEADER = ResumeHeader(
    full_name="Maya Okonkwo",
    title=Line(text="Senior Platform Engineer"),
    email="maya.okonkwo@example.org",
    phone="+351 912 345 678",
    location="Lisbon, Portugal",
    linkedin="https://www.linkedin.com/in/mayaokonkwo",
    github="https://github.com/mayaokonkwo",
    website="https://maya.example.org",
)


def maya() -> Document:
    """A typical resume: two full jobs, a short one, projects, education, certificates."""
    return Document(
        resume=StructuredResume(
            locale="en",
            header=MAYA_HEADER,
            sections=[
                ResumeSection(
                    summary=SummarySection(
                        lines=lines(
                            [
                                (
                                    "Platform engineer with nine years of building and running distributed systems for"
                                    " payments and logistics."
                                ),
                                (
                                    "Known for turning fragile deployments into boring ones: cut release time from two"
                                    " days to forty minutes and on-call pages by 71%."
                                ),
                            ],
                            "summary",
                        )
                    )
                ),
                ResumeSection(
                    skills=SkillsSection(
                        categories=[
                            SkillsCategory(
                                name="Technical Skills",
                                items=lines(
                                    "Go, Python, Kubernetes, Terraform, PostgreSQL, Kafka, gRPC, AWS, Prometheus,"
                                    " Grafana, Linux".split(", "),
                                    "skill",
                                ),
                            ),
                            SkillsCategory(
                                name="Ways of Working",
                                items=lines(["Incident command", "Mentoring", "Technical writing"], "soft"),
                            ),
                        ]
                    )
                ),
                ResumeSection(
                    experience=ExperienceSection(
                        entries=[
                            job(
                                "Senior Platform Engineer",
                                "Ferrovia Payments",
                                "Lisbon, Portugal",
                                "2021-03",
                                "",
                                [
                                    (
                                        "Led the move of 140 services from virtual machines to Kubernetes with no"
                                        " customer-visible downtime, saving €1.2 million a year in hosting."
                                    ),
                                    (
                                        "Designed the event pipeline on Kafka that now settles 38 million card payments"
                                        " a month with exactly-once bookkeeping in PostgreSQL."
                                    ),
                                    (
                                        "Cut on-call pages by 71% by replacing threshold alerts with service level"
                                        " objectives and burn-rate alerts."
                                    ),
                                    "Mentored six engineers, two of whom now lead teams of their own.",
                                ],
                                technologies=["Go", "Kubernetes", "Kafka", "PostgreSQL", "Terraform"],
                                relevance=[0.9, 0.8, 0.7, 0.2],
                            ),
                            job(
                                "Software Engineer",
                                "Nordwind Logistics GmbH",
                                "Hamburg, Germany",
                                "2017-06",
                                "2021-02",
                                [
                                    (
                                        "Built the parcel tracking service (Python, gRPC) that answers 9,000 requests a"
                                        " second at a median of 4 ms."
                                    ),
                                    (
                                        "Introduced Terraform and reviewable infrastructure changes across five teams;"
                                        " environments that took a week to order now take twelve minutes."
                                    ),
                                    "Wrote the company’s incident handbook and ran its training.",
                                ],
                                relevance=[0.6, 0.5, 0.1],
                            ),
                            job(
                                "Junior Developer",
                                "Baixa Digital",
                                "Porto, Portugal",
                                "2015-09",
                                "2017-05",
                                [
                                    (
                                        "Maintained booking software for 30 hotels, moved its nightly jobs from cron"
                                        " scripts to a queue with retries, and halved the number of failed bookings."
                                    ),
                                ],
                                relevance=[0.3],
                            ),
                        ]
                    )
                ),
                ResumeSection(
                    projects=ProjectsSection(
                        entries=[
                            ProjectEntry(
                                id="driftwatch",
                                name="driftwatch",
                                url="https://github.com/mayaokonkwo/driftwatch",
                                start_date=date("2022"),
                                description=Line(
                                    id="driftwatch-d",
                                    text="Open-source detector of configuration drift between Terraform state and"
                                    " cloud accounts; 2,300 stars and packaged by three Linux distributions.",
                                ),
                                technologies=lines(["Go", "AWS"], "driftwatch-t"),
                            )
                        ]
                    )
                ),
                ResumeSection(
                    education=EducationSection(
                        entries=[
                            EducationEntry(
                                id="feup",
                                degree="M.Sc.",
                                field_of_study="Informatics and Computing Engineering",
                                institution="University of Porto",
                                location="Porto, Portugal",
                                start_date=date("2013"),
                                end_date=date("2015"),
                                gpa="17/20",
                            ),
                            EducationEntry(
                                id="unilag",
                                degree="B.Sc.",
                                field_of_study="Computer Science",
                                institution="University of Lagos",
                                location="Lagos, Nigeria",
                                start_date=date("2009"),
                                end_date=date("2013"),
                                honors=["First-class honours"],
                            ),
                        ]
                    )
                ),
                ResumeSection(
                    certifications=CertificationsSection(
                        entries=[
                            CertificationEntry(
                                id="cka",
                                name="Certified Kubernetes Administrator",
                                issuer="Cloud Native Computing Foundation",
                                date=date("2022-04"),
                            ),
                            CertificationEntry(
                                id="aws",
                                name="AWS Solutions Architect – Professional",
                                issuer="Amazon Web Services",
                                date=date("2020-11"),
                            ),
                        ]
                    )
                ),
                ResumeSection(
                    languages=LanguagesSection(
                        entries=[
                            LanguageEntry(language="English", fluency="Native"),
                            LanguageEntry(language="Portuguese", fluency="Fluent"),
                            LanguageEntry(language="German", fluency="Working proficiency"),
                        ]
                    )
                ),
            ],
        )
    )


def ines() -> Document:
    """A short resume: little of everything, so that no entry fills a line."""
    return Document(
        resume=StructuredResume(
            locale="en-GB",
            header=ResumeHeader(full_name="Inês Duarte", email="ines@example.org", location="Leeds"),
            sections=[
                ResumeSection(
                    experience=ExperienceSection(
                        entries=[
                            job(
                                "Barista",
                                "Corner Coffee",
                                "Leeds",
                                "2023-05",
                                "",
                                ["Trained four colleagues"],
                            ),
                            job("Shop assistant", "Green & Sons", "York", "2021", "2023"),
                            job(
                                "Volunteer guide",
                                "City Museum",
                                "York",
                                "2020",
                                "2021",
                                ["Led tours for schools"],
                            ),
                        ]
                    )
                ),
                ResumeSection(
                    education=EducationSection(
                        entries=[
                            EducationEntry(
                                degree="A-levels", institution="York College", end_date=date("2021")
                            )
                        ]
                    )
                ),
            ],
        )
    )


def full() -> Document:
    """Every type of section, and 25 jobs with words enough for several pages."""
    sentence = (
        "Planned, staffed and delivered a programme of work across three regions, agreed its budget with finance and"
        " reported its progress to the board every month"
    )
    jobs = [
        job(
            f"Programme Manager {index}",
            f"Company Number {index} Holdings",
            "Chicago, IL",
            f"{2024 - index}-02",
            f"{2025 - index}-01",
            [f"{sentence} in year {index} of service, part {part}." for part in range(1, 4)],
            relevance=[round(1 - index / 30, 3), round(0.8 - index / 40, 3), 0.05],
        )
        for index in range(1, 26)
    ]
    document = maya()
    resume = document.resume
    del resume.sections[2].experience.entries[:]
    resume.sections[2].experience.entries.extend(jobs)
    resume.sections.extend(
        [
            ResumeSection(
                volunteer=VolunteerSection(
                    entries=[
                        VolunteerEntry(
                            organization="Code Club",
                            position="Teacher",
                            start_date=date("2018"),
                            is_current=True,
                            achievements=lines(["Taught Scratch and Python to 60 children."], "vol"),
                        )
                    ]
                )
            ),
            ResumeSection(
                awards=AwardsSection(
                    entries=[
                        AwardEntry(
                            title="Engineer of the Year",
                            awarder="Ferrovia Payments",
                            date=date("2023-12"),
                            summary=Line(text="For the migration nobody noticed."),
                        )
                    ]
                )
            ),
            ResumeSection(
                publications=PublicationsSection(
                    entries=[
                        PublicationEntry(
                            name="Boring Deployments at Scale",
                            publisher="USENIX ;login:",
                            date=date("2022-09"),
                            url="https://www.usenix.org/boring",
                        )
                    ]
                )
            ),
            ResumeSection(
                interests=InterestsSection(
                    entries=[
                        InterestEntry(name="Cycling", keywords=["touring", "repair"]),
                        InterestEntry(name="Choir"),
                    ]
                )
            ),
            ResumeSection(
                references=ReferencesSection(
                    entries=[
                        ReferenceEntry(name="Ana Matos", text=Line(text="Maya makes hard things look calm."))
                    ]
                )
            ),
        ]
    )
    return document


def letter() -> Document:
    """A cover letter."""
    return Document(
        cover_letter=StructuredCoverLetter(
            locale="en",
            sender=MAYA_HEADER,
            date=PartialDate(year=2026, month=3, day=14),
            recipient=Recipient(
                name="Dr Ngozi Adeyemi",
                title="Director of Infrastructure",
                company="Helio Energy",
                address_lines=["12 Canal Street", "Rotterdam"],
            ),
            subject=Line(text="Principal Platform Engineer"),
            salutation=Line(text="Dear Dr Adeyemi,"),
            paragraphs=[
                LetterParagraph(
                    lines=lines(
                        [
                            (
                                "Your posting asks for someone who has moved a regulated business onto Kubernetes without"
                                " stopping it."
                            ),
                            (
                                "At Ferrovia Payments I led exactly that: 140 services, eleven months, no customer-visible"
                                " downtime, and €1.2 million a year saved in hosting."
                            ),
                        ],
                        "p1",
                    )
                ),
                LetterParagraph(
                    lines=lines(
                        [
                            "What I would bring first is calm.",
                            (
                                "By replacing threshold alerts with service level objectives my team cut on-call pages by"
                                " 71%, and the six engineers I mentored along the way made that change their own."
                            ),
                            (
                                "You mention that your grid telemetry has outgrown its queue; the Kafka pipeline I designed"
                                " settles 38 million payments a month with exactly-once bookkeeping."
                            ),
                        ],
                        "p2",
                    )
                ),
                LetterParagraph(
                    lines=lines(
                        [
                            (
                                "I would be glad to talk about how that experience could serve Helio Energy and to hear"
                                " what a good first year would look like to you."
                            )
                        ],
                        "p3",
                    )
                ),
            ],
            closing=Line(text="Kind regards,"),
            signature="Maya Okonkwo",
        )
    )


def yuki() -> Document:
    """A Japanese resume."""
    return Document(
        resume=StructuredResume(
            locale="ja",
            header=ResumeHeader(
                full_name="髙橋 由紀",
                title=Line(text="シニアソフトウェアエンジニア"),
                email="yuki.takahashi@example.jp",
                phone="+81 90-1234-5678",
                location="東京都渋谷区",
                github="https://github.com/yukitakahashi",
            ),
            sections=[
                ResumeSection(
                    summary=SummarySection(
                        lines=lines(
                            [
                                "決済基盤と検索サービスの設計・開発に10年以上従事。",
                                "大規模分散システムの信頼性向上と、少人数チームの育成を得意とする。",
                            ],
                            "s",
                        )
                    )
                ),
                ResumeSection(
                    experience=ExperienceSection(
                        entries=[
                            job(
                                "テックリード",
                                "株式会社みらいペイ",
                                "東京",
                                "2019-04",
                                "",
                                [
                                    "月間3,800万件の決済を処理するKafkaベースのイベント基盤を設計し、障害件数を年間24件から3件まで削減した。",
                                    "Kubernetesへの移行を主導し、リリースにかかる時間を2日から40分に短縮した。",
                                ],
                                technologies=["Go", "Kubernetes", "PostgreSQL"],
                            ),
                            job(
                                "ソフトウェアエンジニア",
                                "北斗検索株式会社",
                                "札幌",
                                "2014-04",
                                "2019-03",
                                [
                                    "全文検索エンジンの形態素解析を改善し、検索結果のクリック率を18%向上させた。"
                                ],
                            ),
                        ]
                    )
                ),
                ResumeSection(
                    education=EducationSection(
                        entries=[
                            EducationEntry(
                                degree="修士",
                                field_of_study="情報理工学",
                                institution="東京大学大学院",
                                start_date=date("2012"),
                                end_date=date("2014"),
                            )
                        ]
                    )
                ),
                ResumeSection(
                    skills=SkillsSection(
                        categories=[
                            SkillsCategory(name="技術", items=lines(["Go", "検索", "分散システム"], "t"))
                        ]
                    )
                ),
            ],
        )
    )


def wei() -> Document:
    """A Chinese resume with characters that only names use."""
    document = yuki()
    resume = document.resume
    resume.locale = "zh-CN"
    resume.header.full_name = "李喆堃"
    resume.header.title.text = "高级软件工程师"
    resume.header.location = "上海市浦东新区"
    del resume.sections[:]
    resume.sections.extend(
        [
            ResumeSection(
                summary=SummarySection(
                    lines=lines(["十年分布式系统与支付平台经验，擅长将复杂系统变得简单可靠。"], "s")
                )
            ),
            ResumeSection(
                experience=ExperienceSection(
                    entries=[
                        job(
                            "技术负责人",
                            "海岸支付科技有限公司",
                            "上海",
                            "2018-07",
                            "",
                            [
                                (
                                    "主导 140 个服务迁移至 Kubernetes，全程零停机，"
                                    "每年节省托管费用 900 万元，并将发布时间从两天缩短到四十分钟。"
                                )
                            ],
                        )
                    ]
                )
            ),
        ]
    )
    return document


def layla() -> Document:
    """An Arabic resume with Latin names of tools and a telephone number inside."""
    return Document(
        resume=StructuredResume(
            locale="ar",
            header=ResumeHeader(
                full_name="ليلى الحسيني",
                title=Line(text="مهندسة برمجيات أولى"),
                email="layla@example.com",
                phone="+971 50 123 4567",
                location="دبي، الإمارات العربية المتحدة",
                linkedin="https://www.linkedin.com/in/layla",
            ),
            sections=[
                ResumeSection(
                    summary=SummarySection(
                        lines=lines(
                            [
                                "مهندسة منصات بخبرة تسع سنوات في بناء الأنظمة الموزعة وتشغيلها لقطاع المدفوعات."
                            ],
                            "s",
                        )
                    )
                ),
                ResumeSection(
                    experience=ExperienceSection(
                        entries=[
                            job(
                                "مهندسة منصات أولى",
                                "شركة الخليج للمدفوعات",
                                "دبي",
                                "2020-01",
                                "",
                                [
                                    (
                                        "قدت نقل 140 خدمة إلى Kubernetes دون أي انقطاع ملحوظ للعملاء،"
                                        " مما وفّر مليون دولار سنويًا من تكاليف الاستضافة."
                                    ),
                                    "صممت منظومة أحداث على Kafka تعالج 38 مليون عملية دفع شهريًا.",
                                ],
                                technologies=["Go", "Kubernetes", "PostgreSQL"],
                            ),
                            job(
                                "مطورة برمجيات",
                                "بيت الحلول",
                                "عمّان",
                                "2016-03",
                                "2019-12",
                                ["طورت خدمة تتبع الشحنات باستخدام Python."],
                            ),
                        ]
                    )
                ),
                ResumeSection(
                    education=EducationSection(
                        entries=[
                            EducationEntry(
                                degree="بكالوريوس",
                                field_of_study="علوم الحاسوب",
                                institution="الجامعة الأردنية",
                                end_date=date("2015"),
                            )
                        ]
                    )
                ),
            ],
        )
    )


def noam() -> Document:
    """A Hebrew resume."""
    return Document(
        resume=StructuredResume(
            locale="he",
            header=ResumeHeader(
                full_name="נועם לוי", email="noam@example.co.il", phone="+972 54-123-4567", location="תל אביב"
            ),
            sections=[
                ResumeSection(
                    experience=ExperienceSection(
                        entries=[
                            job(
                                "מהנדס תוכנה",
                                "גלים בע״מ",
                                "תל אביב",
                                "2019-05",
                                "",
                                ["פיתחתי שירות תשלומים ב-Go שמטפל ב-9,000 בקשות בשנייה."],
                            )
                        ]
                    )
                ),
                ResumeSection(
                    skills=SkillsSection(
                        categories=[
                            SkillsCategory(name="כישורים טכניים", items=lines(["Go", "Kubernetes"], "t"))
                        ]
                    )
                ),
            ],
        )
    )


def everyone() -> dict[str, Document]:
    """All of them by name."""
    return {each.__name__: each() for each in (maya, ines, full, letter, yuki, wei, layla, noam)}
