"""Sentences of many languages with the charsets that old files of each have. Data of test_charsets.py."""

from __future__ import annotations

# Language: charsets, and sentences: a short one first.
SAMPLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "German": (
        ("cp1252", "iso8859-1", "utf-8", "utf-16-le"),
        (
            "Schlüssel gehören an die Tür.",
            "Die Öffnungszeiten für das Gebäude stehen am Eingang, außer samstags.",
            "Größere Pakete müssen bis Mittag abgeholt werden, sonst wird eine Gebühr fällig.",
        ),
    ),
    "French": (
        ("cp1252", "iso8859-15", "utf-8"),
        (
            "Le dépôt est fermé à midi.",
            "Les clés de la salle doivent être rendues à l'accueil après la réunion.",
            "Toute réclamation est à présenter dans un délai de trente jours, avec le reçu et la pièce.",
        ),
    ),
    "Spanish": (
        ("cp1252", "iso8859-1", "utf-16-be"),
        (
            "El almacén abre mañana a las siete.",
            "¿Dónde está la llave del portón? Pregunte a la señora Núñez en la recepción.",
            "La devolución de artículos dañados se acepta durante treinta días después de la compra.",
        ),
    ),
    "Polish": (
        ("cp1250", "iso8859-2", "utf-8"),
        (
            "Świąteczne godziny są na drzwiach.",
            "Łódź żeglarska kosztuje sześć złotych za godzinę, a żagle są osobno.",
            "Reklamacje należy składać w ciągu trzydziestu dni, dołączając dowód zakupu i opis usterki.",
        ),
    ),
    "Czech": (
        ("cp1250", "iso8859-2"),
        (
            "Příliš žluťoučký kůň úpěl ďábelské ódy.",
            "Klíče od skladu jsou u vrátného, který odchází v šest hodin večer.",
            "Zboží lze vrátit do třiceti dnů od nákupu, pokud je nepoškozené a máte účtenku.",
        ),
    ),
    "Hungarian": (
        ("cp1250", "iso8859-2"),
        (
            "Az őrség hétfőn későn érkezik.",
            "A raktár kulcsát a portán kell leadni, mielőtt elhagyják az épületet.",
            "A termék harminc napon belül visszaküldhető, ha a csomagolás sértetlen és megvan a számla.",
        ),
    ),
    "Russian": (
        ("cp1251", "koi8-r", "cp866", "iso8859-5", "utf-8", "utf-16-le"),
        (
            "Склад открыт с семи утра.",
            "Ключ от ворот лежит у дежурного, спросите его на входе.",
            "Возврат возможен в течение тридцати дней после покупки товара при наличии чека.",
        ),
    ),
    "Ukrainian": (
        ("cp1251", "koi8-u"),
        (
            "Ключ від воріт лежить у чергового.",
            "Якщо її немає, зверніться до охорони біля під'їзду, там є ще один ключ.",
            "Повернення можливе протягом тридцяти днів після купівлі за наявності чека.",
        ),
    ),
    "Greek": (
        ("cp1253", "iso8859-7", "utf-8"),
        (
            "Η αποθήκη ανοίγει στις επτά.",
            "Το κλειδί της πύλης βρίσκεται στον φύλακα, ρωτήστε τον στην είσοδο.",
            "Η επιστροφή γίνεται δεκτή εντός τριάντα ημερών από την αγορά με την απόδειξη.",
        ),
    ),
    "Turkish": (
        ("cp1254", "iso8859-9", "utf-8"),
        (
            "Şubenin kapısı yedide açılıyor.",
            "Anahtar güvenlik görevlisindedir, girişte ona sorabilirsiniz, çıkışta geri veriniz.",
            "Ürünler, fişi gösterilirse satın alındıktan sonra otuz gün içinde değiştirilir.",
        ),
    ),
    "Hebrew": (
        ("cp1255", "utf-8"),
        (
            "המחסן נפתח בשעה שבע בבוקר.",
            "המפתח לשער נמצא אצל השומר, אפשר לשאול אותו בכניסה.",
            "ניתן להחזיר מוצרים בתוך שלושים יום מיום הקנייה בצירוף הקבלה המקורית.",
        ),
    ),
    "Arabic": (
        ("cp1256", "utf-8"),
        (
            "يفتح المستودع في الساعة السابعة.",
            "مفتاح البوابة عند الحارس، اسأله عند المدخل قبل الخروج.",
            "يمكن إرجاع المنتجات خلال ثلاثين يوما من تاريخ الشراء مع الفاتورة الأصلية.",
        ),
    ),
    "Thai": (
        ("cp874", "utf-8"),
        (
            "โกดังเปิดเวลาเจ็ดโมงเช้า",
            "กุญแจประตูอยู่ที่เจ้าหน้าที่รักษาความปลอดภัย สอบถามได้ที่ทางเข้า",
            "สามารถคืนสินค้าได้ภายในสามสิบวันหลังจากวันที่ซื้อพร้อมใบเสร็จ",
        ),
    ),
    "Japanese": (
        ("cp932", "euc_jp", "iso2022_jp", "utf-8", "utf-16-le", "utf-16-be"),
        (
            "倉庫は午前七時に開きます。",
            "門の鍵は守衛室にありますので、入口でお尋ねください。",
            "返品は購入日から三十日以内にお願いします。レシートと商品を一緒にお持ちください。",
        ),
    ),
    "Korean": (
        ("euc_kr", "cp949", "utf-8", "utf-16-le"),
        (
            "창고는 오전 일곱 시에 문을 엽니다.",
            "정문 열쇠는 경비원에게 있으니 입구에서 물어보십시오.",
            "반품은 구입한 날부터 삼십 일 이내에 영수증과 함께 가져오셔야 합니다.",
        ),
    ),
    "Chinese, simplified": (
        ("gb18030", "gbk", "utf-8", "utf-16-le", "utf-16-be"),
        (
            "仓库早上七点开门。",
            "大门的钥匙在保安那里，请在入口处询问。",
            "商品自购买之日起三十天内可以退货，请保留发票和原包装，并联系客服。",
        ),
    ),
    "Chinese, traditional": (
        ("big5", "utf-8", "utf-16-le"),
        (
            "倉庫早上七點開門。",
            "大門的鑰匙在警衛那裡，請在入口處詢問。",
            "商品自購買之日起三十天內可以退貨，請保留發票和原包裝，並聯絡客服。",
        ),
    ),
    "Lithuanian": (
        ("cp1257",),
        (
            "Sandėlis atidaromas septintą valandą.",
            "Vartų raktas yra pas sargą, paklauskite jo prie įėjimo, kai išeisite.",
            "Prekes galima grąžinti per trisdešimt dienų nuo pirkimo, jei turite kvitą.",
        ),
    ),
    "Vietnamese": (
        ("cp1258", "utf-8"),
        (
            "Kho mở cửa lúc bảy giờ sáng.",
            "Chìa khóa cổng ở chỗ bảo vệ, hãy hỏi ở lối vào.",
            "Hàng hóa có thể được trả lại trong vòng ba mươi ngày kể từ ngày mua cùng với hóa đơn.",
        ),
    ),
}
