import json, pytest
from tests.support.scim import make_directory
pytestmark = pytest.mark.django_db
def test_x():
    d = make_directory()
    for p in ["ServiceProviderConfig","Schemas","ResourceTypes","Users","Groups","Nope"]:
        r = d.get(p); print(p, r.status_code, r.content[:200])
    u = d.add_user("ada@else.test", name={"givenName":"Ada"}, roles=["Admin"])
    print(u)
    r = d.patch(f"Users/{u['id']}", {"op":"Replace","path":"active","value":"False"}); print(r.status_code, r.content)
    r = d.send("POST","Groups",{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"G","members":[{"value":u["id"]}]}); print(r.status_code,r.content)
    r = d.get('Users?filter=userName%20eq%20"ADA@else.test"'); print(r.status_code,r.content)
    o = json.loads(d.get('Users?filter=userName%20co%20"owner"').content)["Resources"][0]
    r = d.patch(f"Users/{o['id']}", {"op":"Replace","path":"active","value":"False"}); print(r.status_code, r.content)
    d.token="x"; r=d.get("Users"); print(r.status_code,r.content, r.headers)
