"""How Django writes moments where the portal's own `{% when %}` does not: in the support admin.

Django's British format has neither seconds nor zone, and says "noon" and "midnight".
"""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = "j M Y, H:i:s T"
SHORT_DATE_FORMAT = "j M Y"
SHORT_DATETIME_FORMAT = "j M Y, H:i T"
