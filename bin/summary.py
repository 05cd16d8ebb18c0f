print("customers:", env["res.partner"].search_count([]))
